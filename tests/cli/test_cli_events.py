"""`events show` as people read it: lengths with units, yes and no, moments as everywhere, and nothing twice."""

from __future__ import annotations

import json
import re
from typing import Any

from monitor.cli.events import COUNTS, LENGTHS, TOLD
from monitor.model import EventType
from monitor.store import Connection, append_events
from tests.docs.test_docs_complete import ROOT
from tests.kit.installed import Installed, draft


def write(conn: Connection, epoch: str) -> None:
    job = {"id": "x", "elapsed": 4500.0, "tokens": 2491406, "nodes": 2, "extra": {"user": 1396993924585947}}
    previous = {"since": "2026-11-21T08:35:40.771Z", "duration": 1274.228, "at_least": False, "modes": [0, True]}
    event = draft(EventType.JOB_STARTED, "job/x", job=job, previous=previous, detected_at="2026-11-21T08:35:40Z")
    append_events(conn, epoch, [(event, 1)])


def facts(installed: Installed) -> dict[str, str]:
    shown = installed.run("events", "show", "5", COLUMNS="200").stdout
    return dict(re.split(r"  +", line, maxsplit=1) for line in shown.splitlines() if line)


def test_the_page_is_written_for_people(installed: Installed) -> None:
    installed.write(write)
    shown = facts(installed)
    assert shown["late"] == "no"
    assert shown["job.elapsed"] == "1h15m"
    assert shown["job.tokens"] == "2,491,406"
    assert shown["job.nodes"] == "2"
    assert shown["job.extra.user"] == "1396993924585947"
    assert shown["previous.since"] == "2026-11-21 08:35:40 +0000"
    assert shown["previous.duration"] == "21m14s"
    assert shown["previous.at_least"] == "no"
    assert shown["previous.modes"] == "0, yes"
    assert {"False", "True", *TOLD} & {*shown.values(), *list(shown)[list(shown).index("account.name") :]} == set()


def test_every_length_of_the_schemas_is_shown_as_one() -> None:
    numbers = {
        name
        for path in (ROOT / "docs" / "events").glob("*.schema.json")
        for name, kind in properties(json.loads(path.read_text()))
        if "number" in kind
    }
    assert numbers - {"accelerators", "share", "threshold"} == set(LENGTHS)
    assert not set(COUNTS) & numbers


def properties(schema: Any) -> list[tuple[str, list[str]]]:
    """Every property with its types, at any depth."""
    if not isinstance(schema, dict):
        return [found for each in schema for found in properties(each)] if isinstance(schema, list) else []
    own = [
        (name, told["type"] if isinstance(told["type"], list) else [told["type"]])
        for name, told in schema.get("properties", {}).items()
        if "type" in told
    ]
    return own + [found for each in schema.values() for found in properties(each)]
