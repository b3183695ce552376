"""What all lists do alike: ask page by page, show a table to people, and stream documents to programs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor.cli.options import Output

if TYPE_CHECKING:
    from monitor.cli.asking import Value

Item = dict[str, Any]


def listed(
    config: Path | None,
    output: Output,
    path: str,
    limit: int,
    table: Callable[[list[Item]], None],
    *,
    oldest_first: bool = False,
    **query: Value,
) -> None:
    """Prints the first `limit` items of a list of the API; `oldest_first` turns their order round. Raises Failure."""
    from monitor.cli import out
    from monitor.cli.asking import asking
    from monitor.cli.progress import counted, progress

    with asking(config) as ask:
        items = ask.items(path, limit, **query)
        if output is Output.TABLE or oldest_first:
            with progress("Reading …"):
                found = list(items)
            items = reversed(found) if oldest_first else iter(found)
        if output is Output.TABLE:
            table(list(items))
        else:
            out.documents(output, counted(items, "Written"))


def document(config: Path | None, path: str, **query: Value) -> Any:
    """One document of the API. Raises Failure."""
    from monitor.cli.asking import asking
    from monitor.cli.progress import progress

    with asking(config) as ask, progress("Reading …"):
        return ask.get(path, **query)


def one(config: Path | None, path: str, word: str) -> Any:
    """The item of the list at `path` with this id, or the one whose id begins so. Raises Failure."""
    from monitor.cli.asking import asking, segment
    from monitor.cli.ids import whole
    from monitor.cli.progress import progress

    with asking(config) as ask, progress("Reading …"):
        return ask.get(f"{path}/{segment(whole(ask, path, word))}")
