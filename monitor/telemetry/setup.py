"""Sets logging up once, at the start of a command: everything, also of libraries, leaves through one redacting door."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
from typing import Any, TextIO

import structlog

from monitor.telemetry.redact import redact_line
from monitor.telemetry.render import HumanLine, JsonLine, Render, WithPriority

LEVELS = ("debug", "info", "warning", "error")
_QUIET = {"aiohttp.access": logging.CRITICAL, "alembic": logging.WARNING}
"""Libraries whose lines say nothing that ours do not, or say it with addresses in it."""


def set_up(stream: TextIO, *, level: str = "info", human: bool | None = None) -> None:
    """Lines for a person where `stream` is a terminal (or `human` says so), else one JSON object per line. Where the
    stream is journald's, each line begins with its priority."""
    terminal = stream.isatty()
    as_text = terminal if human is None else human
    number = logging.getLevelNamesMapping()[level.upper()]
    render: Render = HumanLine(colours=terminal) if as_text else JsonLine(ascii_only=not _knows_unicode(stream))
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            structlog.processors.format_exc_info,
            redact_line,
            WithPriority(render) if _is_journal(stream) else render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda *names: _Writer(stream),
        cache_logger_on_first_use=False,
    )
    _take_in_libraries(number)


def catch_strays() -> None:
    """What Python itself would print of errors that nobody caught (in threads, in finalizers) becomes a log line. For a
    process of our own: it stays so until the end."""

    def in_thread(args: threading.ExceptHookArgs) -> None:
        found = (args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback)
        name = args.thread.name if args.thread else ""
        structlog.get_logger().error("a thread ended with an error that nobody caught", thread=name, exc_info=found)

    def unraisable(args: sys.UnraisableHookArgs) -> None:
        found = (args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback)
        where = getattr(args.object, "__qualname__", type(args.object).__name__)
        structlog.get_logger().warning("an error that nobody could catch", where=where, exc_info=found)

    threading.excepthook = in_thread
    sys.unraisablehook = unraisable


def _is_journal(stream: TextIO) -> bool:
    """Whether systemd connected the stream to its journal: it says which file that is."""
    try:
        found = os.fstat(stream.fileno())
    except (OSError, ValueError, AttributeError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


def _knows_unicode(stream: TextIO) -> bool:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return encoding.lower().replace("_", "-") in ("utf-8", "utf8")


class _Writer:
    """The last step: one write per line. A stream that is gone costs the line, not the daemon."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def msg(self, message: str) -> None:
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(message.encode(encoding, "backslashreplace").decode(encoding) + "\n")
            self._stream.flush()

    debug = info = warning = warn = error = critical = exception = fatal = log = msg


class _Forward(logging.Handler):
    """Hands lines of the standard library's logging on to ours."""

    def emit(self, record: logging.LogRecord) -> None:
        level = record.levelname.lower() if record.levelname.lower() in (*LEVELS, "critical") else "info"
        facts: dict[str, Any] = {"exc_info": record.exc_info} if record.exc_info else {}
        getattr(structlog.get_logger(), level)(_said(record), logger=record.name, **facts)


def _said(record: logging.LogRecord) -> str:
    try:
        text = record.getMessage()
    except (TypeError, ValueError):  # arguments that do not fit: a library's bug, and no reason to lose the line
        text = str(record.msg)
    return text.split("\n", 1)[0] if record.name == "py.warnings" else text  # below stands the line of source


def _take_in_libraries(level: int) -> None:
    root = logging.getLogger()
    for old in [handler for handler in root.handlers if isinstance(handler, _Forward)]:
        root.removeHandler(old)
    root.addHandler(_Forward())
    root.setLevel(max(level, logging.WARNING))
    for name, quiet in _QUIET.items():
        logging.getLogger(name).setLevel(quiet)
    logging.captureWarnings(True)
