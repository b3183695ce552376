"""Log lines: one fact a line, for people or programs, and nothing secret in any of them."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from monitor.fields import Secret
from monitor.telemetry.printable import printable
from monitor.telemetry.redact import redact_text
from monitor.telemetry.setup import set_up


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    structlog.reset_defaults()
    logging.captureWarnings(False)
    root.handlers[:] = handlers
    root.setLevel(level)


def line(stream: io.StringIO) -> dict[str, object]:
    written = stream.getvalue().splitlines()
    assert len(written) == 1
    found: dict[str, object] = json.loads(written[0])
    return found


def test_a_fact_is_one_json_object_on_one_line() -> None:
    stream = io.StringIO()
    set_up(stream)
    structlog.get_logger().info("the account is\nback", account="训练", seconds=3)

    found = line(stream)
    assert list(found)[:3] == ["time", "level", "event"]
    assert found["event"] == "the account is\nback"
    assert found["account"] == "训练"
    assert found["level"] == "info"
    assert str(found["time"]).endswith("Z")


def test_a_terminal_gets_a_line_for_a_person_without_the_facts_escape_sequences() -> None:
    stream = Terminal()
    set_up(stream)
    structlog.get_logger().warning("sold out", flavor="evil\x1b[2J\nsecond", zone=None)

    text = stream.getvalue()
    assert text.count("\n") == 1
    assert "\x1b[2J" not in text
    assert "evil\\x1b[2J second" in text
    assert "zone" not in text


def test_a_notification_shows_its_title_and_its_body_below() -> None:
    stream = io.StringIO()
    set_up(stream, human=True)
    structlog.get_logger().info("notification", title="job done", body="one\ntwo\x07")

    assert stream.getvalue().splitlines()[0].endswith("job done")
    assert stream.getvalue().splitlines()[1:] == ["    one", "    two\\x07"]


def test_what_is_below_the_level_is_not_written() -> None:
    stream = io.StringIO()
    set_up(stream, level="warning")
    structlog.get_logger().info("quiet")
    structlog.get_logger().error("loud")
    assert line(stream)["event"] == "loud"


def test_a_trace_is_kept_and_redacted() -> None:
    stream = io.StringIO()
    set_up(stream)
    try:
        raise RuntimeError("https://user:pw@example.org/x?token=abc failed")
    except RuntimeError:
        structlog.get_logger().exception("bug")

    trace = str(line(stream)["exception"])
    assert "RuntimeError" in trace
    assert "https://example.org/x failed" in trace
    assert "abc" not in trace


def test_libraries_lines_go_through_the_same_door() -> None:
    stream = io.StringIO()
    set_up(stream)
    logging.getLogger("some.library").warning("GET %s failed", "https://h/x?sig=abcdef")
    logging.getLogger("some.library").info("chatter")

    found = line(stream)
    assert found["event"] == "GET https://h/x failed"
    assert found["logger"] == "some.library"


def test_setting_up_twice_does_not_write_twice() -> None:
    stream = io.StringIO()
    set_up(io.StringIO())
    set_up(stream)
    logging.getLogger("some.library").warning("once")
    assert line(stream)["event"] == "once"


@pytest.mark.parametrize(
    "value",
    [
        {"key": Secret("hunter2")},
        {"api_key": "hunter2"},
        {"outer": {"password": "hunter2"}},
        {"headers": {"Authorization": "hunter2"}},
        {"list": [Secret("hunter2"), {"secret_key": "hunter2"}]},
        {"text": "Authorization: Bearer hunter2-hunter2"},
        {"text": "secret_key=hunter2&x=1"},
        {"text": '{"token": "hunter2"}'},
        {"text": "https://example.org/path?sign=hunter2#hunter2"},
        {"text": "https://ann:hunter2@example.org/"},
        {"text": "the key sk-hunter2hunter2 was refused"},
        {"text": "whsec_hunter2hunter2"},
        {"env": {"x_token=hunter2": 1}},
    ],
)
def test_nothing_secret_is_written(value: dict[str, object]) -> None:
    stream = io.StringIO()
    set_up(stream)
    structlog.get_logger().info("fact", **value)
    assert "hunter2" not in stream.getvalue()


def test_what_is_not_secret_stays() -> None:
    stream = io.StringIO()
    set_up(stream)
    facts = {"tokens": 1234, "events": ["0123456789abcdef0123456789abcdef"], "path": "https://h/a/b", "none": None}
    structlog.get_logger().info("usage: 1234 tokens: 7", **facts)

    found = line(stream)
    assert {key: found[key] for key in facts} == facts
    assert found["event"] == "usage: 1234 tokens: 7"


def test_a_stream_that_is_gone_costs_the_line_and_no_more() -> None:
    stream = io.StringIO()
    set_up(stream)
    stream.close()
    structlog.get_logger().info("nobody reads this")


def test_printable_keeps_words_and_emoji_and_shows_what_acts() -> None:
    assert printable("通义 👩‍💻 é") == "通义 👩‍💻 é"
    assert printable("a\x1b]0;x\x07\u202eb\x9bc\u2028") == "a\\x1b]0;x\\x07\\u202eb\\x9bc\\u2028"
    assert printable("a\tb\r\nc") == "a b  c"
    assert printable("a\nb", lines=True) == "a\nb"
    assert printable("\ud800").encode() == b"\\ud800"


def test_long_text_is_redacted_in_no_time() -> None:
    text = "token" * 20_000 + "=" + "a://" * 20_000 + "bearer " * 20_000
    assert len(redact_text(text)) <= len(text)
