"""Who hears of an event: what `notify` comes to, with `owner` put in and the sink that the event is about left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from monitor.model import Event
from monitor.rules.compile import RuleSet
from monitor.rules.options import OWNER


def audience(
    ruleset: RuleSet, notify: Sequence[str], event: Event, fallback: Sequence[str] | None = None
) -> tuple[str, ...]:
    """Sinks in the order of `notify`, each once; empty when nobody is left to tell. `fallback` stands in for an owner
    whom nobody knows."""
    if OWNER not in notify and not event.subject.startswith("sink/"):
        return tuple(dict.fromkeys(notify))
    about = event.subject.removeprefix("sink/") if event.subject.startswith("sink/") else None
    return tuple(dict.fromkeys(sink for sink in _named(ruleset, notify, event, fallback or ()) if sink != about))


def _named(ruleset: RuleSet, notify: Sequence[str], event: Event, fallback: Sequence[str]) -> Iterator[str]:
    for name in notify:
        if name != OWNER:
            yield name
        else:
            yield from ruleset.people.get(owner_of(event) or "", ()) or fallback


def owner_of(event: Event) -> str | None:
    """`<provider>:<id>` of who created the event's job; None where it has none."""
    account, job = event.data.get("account"), event.data.get("job")
    if not isinstance(account, Mapping) or not isinstance(job, Mapping) or not job.get("creator"):
        return None
    return f"{account.get('provider')}:{job['creator']}"
