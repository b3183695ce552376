"""Builds each sink once, for what only its library knows: whether an Apprise URL is one that Apprise takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, cast

from monitor.fields import SystemClock
from monitor.settings.document import Document
from monitor.settings.problems import Problem
from monitor.sinks import registry
from monitor.sinks.options import SinkOptions

if TYPE_CHECKING:
    from monitor.wire import Http


def sink_problems(document: Document, sinks: Mapping[int, SinkOptions]) -> Iterator[Problem]:
    """For sinks whose secrets are there. Building opens no connection, so none is given."""
    for index, options in sinks.items():
        try:
            registry.builder(getattr(options, "type", ""))(options, cast("Http", None), SystemClock())
        except LookupError:
            continue  # a secret is missing, which is told at its own place
        except ValueError as error:
            key = ("url",) if "url" in type(options).model_fields else ()
            yield document.problem(("sinks", index, *key), str(error))
