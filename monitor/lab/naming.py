"""What people call the things that a message is about."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.model import Event
from monitor.rules import Notify


def about(message: Notify) -> list[str]:
    """Each thing once, in the order of the events."""
    return list(dict.fromkeys(called(event) for event in message.events))


def called(event: Event) -> str:
    """Jobs and accounts by their name, flavors as `a.b.c in zone-1`, anything else by its subject."""
    family, _, rest = event.subject.partition("/")
    if family == "job":
        job = event.data.get("job")
        return str(job.get("name") or rest) if isinstance(job, Mapping) else rest
    if family == "flavor":
        flavor, _, zone = rest.rpartition("/")
        return f"{flavor} in {zone}"
    return rest or family
