"""Nothing that people meet is undocumented: keys, events, metrics, commands, routes, make targets. No link is dead."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from monitor.model import EventType
from monitor.telemetry import measures
from monitor.web.api.routes import ROUTES
from tests.docs import page_of_commands, page_of_config
from tests.docs.write_pages import PAGES, renewed

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
WRITTEN = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])


def read(name: str) -> str:
    return (ROOT / name).read_text()


@pytest.mark.parametrize("name", PAGES)
def test_what_the_program_says_of_itself_is_on_its_page(name: str) -> None:
    """Keys, commands with their options, routes. Renew the pages with `python -m tests.docs.write_pages`."""
    assert renewed(name) == (DOCS / name).read_text()


def test_every_config_key_says_what_it_is_for() -> None:
    silent = [
        f"{heading} {key.path}"
        for heading, keys in page_of_config.sections().items()
        for key in keys
        if key.kind != "section" and not page_of_config.words(heading.partition(":")[0], key)
    ]
    assert silent == []


def test_every_word_that_the_page_adds_is_of_a_key_that_says_nothing_itself() -> None:
    silent = {
        f"{heading.partition(':')[0]} {key.path}"
        for heading, keys in page_of_config.sections().items()
        for key in keys
        if not key.says
    }
    assert set(page_of_config.WORDS) - silent == set()


def test_every_command_and_option_says_what_it_does() -> None:
    silent = [name for name, command in page_of_commands.commands() if not command.help]
    silent += [
        f"{name} {option.name}"
        for name, command in page_of_commands.commands()
        for option in page_of_commands.options(command)
        if not option.help
    ]
    assert silent == []


def test_every_event_type_is_listed_and_has_its_schema() -> None:
    for page in ("README.md", "docs/events/README.md"):
        listed = set(re.findall(r"`([a-z]+\.[a-z_]+)`", read(page)))
        assert {kind.value for kind in EventType} - listed == set(), page
    missing = [kind.value for kind in EventType if not (DOCS / "events" / f"{kind.value}.schema.json").exists()]
    assert missing == []


def test_every_metric_is_listed() -> None:
    known = {each.name for each in (*measures.COUNTED, *measures.IN_MEMORY, *measures.READ)}
    assert len(known) > 10
    assert known - set(re.findall(r"^\| `(\w+)` \|", read("docs/metrics.md"), re.MULTILINE)) == set()


def test_every_metric_that_a_page_names_is_one() -> None:
    known = {each.full_name for each in (*measures.COUNTED, *measures.IN_MEMORY, *measures.READ)}
    named = {name for page in WRITTEN for name in re.findall(r"\btraining_monitor_[a-z_]+\b", page.read_text())}
    strangers = {name for name in named - known if re.sub(r"_(bucket|count|sum)$", "", name) not in known}
    assert strangers - {"training_monitor_"} == set()


def test_every_route_is_in_the_openapi_document() -> None:
    paths = json.loads(read("docs/openapi.json"))["paths"]
    assert [route.path for route in ROUTES if route.method.lower() not in paths.get(route.path, {})] == []


def test_every_make_target_is_named() -> None:
    targets = re.findall(r"^([a-z-]+):.*## ", read("Makefile"), re.MULTILINE)
    assert "demo" in targets
    words = read("README.md") + read("CONTRIBUTING.md") + read("docs/operation.md")
    assert [target for target in targets if f"make {target}" not in words and target != "help"] == []


def test_the_readme_can_be_read_in_one_go() -> None:
    assert len(read("README.md").splitlines()) < 200


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    dead = []
    for link in re.findall(r"\]\(([^)\s]+)\)", without_code(page.read_text())):
        path, _, anchor = link.partition("#")
        if "://" in path or path.startswith("mailto:"):
            continue
        there = (page.parent / path).resolve() if path else page
        if not there.exists() or (anchor and anchor not in anchors(there)):
            dead.append(link)
    assert dead == []


def without_code(text: str) -> str:
    text = re.sub(r"^ *```.*?^ *```$", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"`[^`\n]*`", "", text)


def anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_a_heading_becomes_the_anchor_that_links_name() -> None:
    assert {"webhook", "refusals-with-status-200"} <= anchors(DOCS / "sinks.md")
    assert anchors(DOCS / "messages.md") >= {"when-and-how-often", "webhook", "apprise-log"}


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_page_promises_what_is_to_come(page: Path) -> None:
    left = re.findall(r"\b(?:TODO|TBD|FIXME|coming soon)\b", page.read_text())
    assert left == []
