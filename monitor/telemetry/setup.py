"""Sets logging up once, at the start of a command: everything, also of libraries, leaves through one redacting door."""

from __future__ import annotations

import contextlib
import logging
from typing import Any, TextIO

import structlog

from monitor.telemetry.redact import redact_line
from monitor.telemetry.render import HumanLine, json_line

LEVELS = ("debug", "info", "warning", "error")
_QUIET = {"aiohttp.access": logging.CRITICAL, "alembic": logging.WARNING}
"""Libraries whose lines say nothing that ours do not, or say it with addresses in it."""


def set_up(stream: TextIO, *, level: str = "info", human: bool | None = None) -> None:
    """Lines for a person where `stream` is a terminal (or `human` says so), else one JSON object per line."""
    terminal = stream.isatty()
    as_text = terminal if human is None else human
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            structlog.processors.format_exc_info,
            redact_line,
            HumanLine(colours=terminal) if as_text else json_line,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda *names: _Writer(stream),
        cache_logger_on_first_use=False,
    )
    _take_in_libraries(number)


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
        getattr(structlog.get_logger(), level)(record.getMessage(), logger=record.name, **facts)


def _take_in_libraries(level: int) -> None:
    root = logging.getLogger()
    for old in [handler for handler in root.handlers if isinstance(handler, _Forward)]:
        root.removeHandler(old)
    root.addHandler(_Forward())
    root.setLevel(max(level, logging.WARNING))
    for name, quiet in _QUIET.items():
        logging.getLogger(name).setLevel(quiet)
    logging.captureWarnings(True)
