"""Writes the lower part of the reference pages, which is made from the program itself: of docs/config.md from the JSON
Schema of the config file, of docs/commands.md from the commands, of docs/api.md from the routes. Their upper part is
written by hand. Run from the root with `python -m tests.docs.write_pages`."""

from __future__ import annotations

from pathlib import Path

from tests.docs import page_of_api, page_of_commands, page_of_config

DOCS = Path(__file__).parents[2] / "docs"
MARK = "<!-- What follows is made by `python -m tests.docs.write_pages`. -->\n"
PAGES = {"config.md": page_of_config.page, "commands.md": page_of_commands.page, "api.md": page_of_api.page}


def renewed(name: str) -> str:
    """The page as it ought to be now: what stands above the mark, and what the program makes of itself."""
    return (DOCS / name).read_text().partition(MARK)[0] + MARK + PAGES[name]()


if __name__ == "__main__":
    for name in PAGES:
        (DOCS / name).write_text(renewed(name))
