"""The result of a run as JUnit XML, as CI systems read it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from xml.etree import ElementTree as ET

_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even escaped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """`state`: passed, failed or error. `message` is one line, `text` all that is known; of one that passed what is to
    be noted."""

    file: str
    line: int
    name: str
    state: str
    seconds: float
    message: str = ""
    text: str = ""


def junit(cases: Iterable[Played], *, when: datetime) -> str:
    """One suite per file, in the order of the cases."""
    suites: dict[str, list[Played]] = {}
    for case in cases:
        suites.setdefault(case.file, []).append(case)
    every = [case for suite in suites.values() for case in suite]
    root = ET.Element("testsuites", {"name": "training-monitor rules test", **_counts(every)})
    for file, suite in suites.items():
        element = ET.SubElement(
            root,
            "testsuite",
            {
                "name": _clean(file),
                **_counts(suite),
                "timestamp": when.replace(microsecond=0, tzinfo=None).isoformat(),
                "hostname": "localhost",
            },
        )
        for case in suite:
            _add(element, case)
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _counts(cases: Sequence[Played]) -> dict[str, str]:
    states = [case.state for case in cases]
    return {
        "tests": str(len(cases)),
        "failures": str(states.count("failed")),
        "errors": str(states.count("error")),
        "skipped": "0",
        "time": f"{sum(case.seconds for case in cases):.3f}",
    }


def _add(suite: ET.Element, case: Played) -> None:
    facts = {
        "name": _clean(case.name),
        "classname": _clean(re.sub(r"\.ya?ml$", "", case.file).strip("./").replace("/", ".")),
        "file": _clean(case.file),
        "line": str(case.line),
        "time": f"{case.seconds:.3f}",
    }
    element = ET.SubElement(suite, "testcase", facts)
    if case.state != "passed":
        kind = "failure" if case.state == "failed" else "error"
        said = ET.SubElement(element, kind, {"message": _clean(case.message), "type": kind})
        said.text = _clean(case.text)
    elif case.text:
        ET.SubElement(element, "system-out").text = _clean(case.text)


def _clean(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
