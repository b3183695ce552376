"""From `--config` to rules that are ready to be held against events; no secret is looked up."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from monitor.rules import RuleSet
    from monitor.settings import Settings


def load_rules(config: Path | None) -> tuple[Settings, RuleSet]:
    """The settings of a file and its compiled rules. Raises Failure with every mistake and its place."""
    from monitor.cli.opening import load_settings
    from monitor.rules import RuleSet

    settings = load_settings(config, resolve=False, rules=True)
    sinks = [sink.name for sink in settings.sinks]
    ending = [sink.name for sink in settings.sinks if sink.needs_ends]
    rules, people, unmatched, flapping = settings.rules, settings.people, settings.unmatched, settings.flapping
    return settings, RuleSet.compile(rules, people, unmatched, sinks, flapping, ending=ending)
