"""Under systemd, in odd locales and with libraries that misbehave: every fact is one line, at the right level."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from monitor.telemetry.render import MOST
from monitor.telemetry.setup import catch_strays, set_up
from monitor.telemetry.trouble import Trouble

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    hooks = threading.excepthook, sys.unraisablehook
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)
    yield
    threading.excepthook, sys.unraisablehook = hooks
    structlog.reset_defaults()
    logging.captureWarnings(False)
    root.handlers[:] = handlers
    root.setLevel(level)


def rows(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(row) for row in stream.getvalue().splitlines()]


@pytest.mark.parametrize("human", [False, True])
def test_journald_is_told_the_level_of_every_row(human: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "journal"
    with path.open("w+", encoding="utf-8") as stream:
        found = os.fstat(stream.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{found.st_dev}:{found.st_ino}")
        set_up(stream, level="debug", human=human)
        log = structlog.get_logger()
        for level in ("debug", "info", "warning", "error", "critical"):
            getattr(log, level)("训练", title="t", body="one\ntwo")
        try:
            raise RuntimeError("first\nsecond")
        except RuntimeError:
            log.exception("a bug")
    said = path.read_text(encoding="utf-8").splitlines()
    if human:
        assert all(row.startswith(("<7>", "<6>", "<4>", "<3>", "<2>")) for row in said)
        assert "<4>    two" in said
        return
    assert [row[:3] for row in said] == ["<7>", "<6>", "<4>", "<3>", "<2>", "<3>"]
    assert "first\nsecond" in json.loads(said[-1][3:])["exception"]


@pytest.mark.parametrize("given", [None, "", "1:2", "nonsense"])
def test_a_stream_that_is_not_the_journals_gets_no_priority(
    given: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if given is not None:
        monkeypatch.setenv("JOURNAL_STREAM", given)
    with (tmp_path / "log").open("w+") as stream:
        set_up(stream)
        structlog.get_logger().info("plain")
    assert (tmp_path / "log").read_text().startswith("{")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8", "gb18030", "cp437"])
@pytest.mark.parametrize("human", [False, True])
def test_a_locale_without_utf8_breaks_no_line(encoding: str, human: bool) -> None:
    raw = io.BytesIO()
    set_up(io.TextIOWrapper(raw, encoding=encoding, write_through=True), human=human)
    fact = "é 训练 👩‍💻 \ud800"
    structlog.get_logger().info("a fact", text=fact)
    line = raw.getvalue().decode(encoding)
    assert line.count("\n") == 1
    if not human:
        assert json.loads(line)["text"] == fact


def test_what_a_terminal_or_the_journal_would_not_bear_is_escaped() -> None:
    stream = io.StringIO()
    set_up(stream)
    hostile = "a\x1b[2J\x9b2J\u2028b\u2029c\x85d\u202ee\x7f\x00f\rg"
    structlog.get_logger().info(hostile, key=hostile)
    assert stream.getvalue()[:-1].isprintable()
    assert [(row["event"], row["key"]) for row in rows(stream)] == [(hostile, hostile)]


def test_a_fact_too_long_for_the_journal_keeps_its_ends() -> None:
    stream = io.StringIO()
    set_up(stream)
    structlog.get_logger().info("long", text="begin " + "x " * 100_000 + "end", odd=float("nan"))
    (row,) = rows(stream)
    assert len(row["text"]) < MOST + 10
    assert row["text"].startswith("begin ")
    assert row["text"].endswith("end")
    assert row["odd"] == "nan"


def test_warnings_of_libraries_are_one_line_and_hold_no_secret() -> None:
    stream = io.StringIO()
    set_up(stream)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(False)
        logging.captureWarnings(True)  # catch_warnings has put its own in between
        warnings.warn("token=hunter2hunter2 is deprecated", DeprecationWarning, stacklevel=1)
    (row,) = rows(stream)
    assert (row["level"], row["logger"]) == ("warning", "py.warnings")
    assert "\n" not in row["event"]
    assert "hunter2" not in stream.getvalue()


def test_a_librarys_line_whose_arguments_do_not_fit_is_kept() -> None:
    stream = io.StringIO()
    set_up(stream)
    del logging.getLogger().handlers[:-1]  # pytest's own would raise
    logging.getLogger("some.library").warning("%s and %s", "one")
    assert [row["event"] for row in rows(stream)] == ["%s and %s"]


async def test_an_error_in_a_callback_of_the_loop_is_one_line() -> None:
    stream = io.StringIO()
    set_up(stream)

    def broken() -> None:
        raise RuntimeError("https://ann:hunter2@example.org failed\nbadly")

    asyncio.get_running_loop().call_soon(broken)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    (row,) = rows(stream)
    assert (row["level"], row["logger"]) == ("error", "asyncio")
    assert "RuntimeError" in row["exception"]
    assert "hunter2" not in stream.getvalue()


def test_errors_that_nobody_caught_are_lines_too() -> None:
    stream = io.StringIO()
    set_up(stream)
    catch_strays()

    class Broken:
        def __del__(self) -> None:
            raise RuntimeError("secret_key=hunter2")

    def die() -> None:
        raise ValueError("token: hunter2")

    thread = threading.Thread(target=die, name="apprise 1")
    thread.start()
    thread.join()
    Broken()
    dead, unraisable = rows(stream)
    assert (dead["level"], dead["thread"]) == ("error", "apprise 1")
    assert "ValueError" in dead["exception"]
    assert unraisable["level"] == "warning"
    assert "__del__" in unraisable["where"]
    assert "hunter2" not in stream.getvalue()


def test_a_trouble_is_an_error_once_and_its_end_is_told_once() -> None:
    stream = io.StringIO()
    set_up(stream, level="debug")
    trouble = Trouble(structlog.get_logger(), begins="it waits", ends="it goes on")
    trouble.over()
    for _ in range(3):
        trouble.met(reason="full")
    trouble.over()
    trouble.over()
    trouble.met(reason="full")
    assert [(row["level"], row["event"]) for row in rows(stream)] == [
        ("error", "it waits"),
        ("debug", "it waits"),
        ("debug", "it waits"),
        ("info", "it goes on"),
        ("error", "it waits"),
    ]


def test_the_command_logs_in_a_posix_locale(tmp_path: Path) -> None:
    code = (
        "import sys, structlog\nfrom monitor.telemetry.setup import set_up\n"
        "assert sys.stderr.encoding.lower() != 'utf-8', sys.stderr.encoding\n"
        "set_up(sys.stderr)\nstructlog.get_logger().info('\\u8bad', text='\\xe9\\U0001f469')\n"
    )
    environ = {"PATH": os.environ["PATH"], "LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environ, capture_output=True, check=True)
    assert json.loads(done.stderr)["event"] == "\u8bad"
    assert json.loads(done.stderr)["text"] == "\xe9\U0001f469"
