"""JUnit XML as CI systems read it, whatever stands in names and messages."""

from __future__ import annotations

from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from monitor.lab.junit import Played, junit

NOON = datetime(2026, 11, 21, 12, 0, 0, 5, tzinfo=UTC)
HOSTILE = 'a <b> & "c" ]]> \x00\x1b[31m\ud800 名字 \ufffe\n'


def made() -> ET.Element:
    cases = [
        Played(file="./tests/queue.yaml", line=3, name="one", state="passed", seconds=0.0015),
        Played(
            file="./tests/queue.yaml", line=9, name=HOSTILE, state="failed", seconds=0.5, message=HOSTILE, text=HOSTILE
        ),
        Played(file="stock.yaml", line=2, name="three", state="error", seconds=0, message="cannot", text="cannot be"),
    ]
    xml = junit(cases, when=NOON)
    assert xml.startswith('<?xml version="1.0" encoding="utf-8"?>\n')
    return ET.fromstring(xml)


def test_each_file_is_a_suite_and_the_counts_are_right() -> None:
    root = made()
    assert root.tag == "testsuites"
    assert [root.get(name) for name in ("tests", "failures", "errors", "time")] == ["3", "1", "1", "0.501"]
    suites = root.findall("testsuite")
    assert [suite.get("name") for suite in suites] == ["./tests/queue.yaml", "stock.yaml"]
    assert [suite.get("tests") for suite in suites] == ["2", "1"]
    assert suites[0].get("timestamp") == "2026-11-21T12:00:00"
    assert all(suite.get("hostname") and suite.get("skipped") == "0" for suite in suites)


def test_each_case_says_where_it_stands_and_why_it_failed() -> None:
    one, two, three = made().iter("testcase")
    assert (one.get("classname"), one.get("file"), one.get("line")) == ("tests.queue", "./tests/queue.yaml", "3")
    assert list(one) == []
    failure = two.find("failure")
    assert failure is not None
    assert '<b> & "c" ]]> ' in (failure.text or "")
    assert "名字" in two.get("name", "")
    assert "\x1b" not in "".join(two.itertext())
    error = three.find("error")
    assert error is not None
    assert (error.get("message"), error.get("type"), error.text) == ("cannot", "error", "cannot be")
