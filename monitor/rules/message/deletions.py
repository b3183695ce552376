"""Stories of what somebody wants deleted, and of policies that stand still."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from monitor.model import Event, EventType
from monitor.rules.message.facts import REASON, Facts, clock
from monitor.rules.message.jobs import asker, job_name
from monitor.rules.message.story import Line, Story

_CLEANUP = "training-monitor jobs cleanup"
_MEANT = "--yes-delete-many"
"""What a person says who means so much; a policy that would delete too much has it in its reason."""

_GOES_ON: Final[Mapping[str, str]] = {
    "resumed": "goes on",
    "changed": "goes on: it was changed in the config",
    "off": "stands still no longer: it is not enabled any more",
    "removed": "stands still no longer: it has left the config",
}


def deletion_story(event: Event) -> Story:
    """`deletion.requested`, `deletion.refused` and `deletion.failed`."""
    data = Facts(event.data)
    deletion = data.part("deletion")
    tries = deletion.raw("tries")
    lines = (
        Line("Why", deletion.text("reason", REASON)),
        Line("Asked for by", asker(data)),
        Line("Requests sent", str(tries) if isinstance(tries, int) and tries > 1 else ""),
        Line("Time", clock(event.time)),
    )
    more = "" if event.type is EventType.DELETION_REQUESTED else deletion.text("reason", 100)
    return Story(job_name(event), _happened(event, tries), tuple(line for line in lines if line.value), more)


def cleanup_story(event: Event) -> Story:
    """`cleanup.stopped` and `cleanup.resumed`."""
    cleanup = Facts(event.data).part("cleanup")
    policy = cleanup.text("policy")
    if event.type is EventType.CLEANUP_RESUMED:
        return _resumed(event, cleanup, policy)
    lines = (
        Line("Why", cleanup.text("reason", REASON)),
        Line("Account", cleanup.text("account")),
        Line("By hand", f"{_CLEANUP} {policy} --yes {_MEANT}" if _MEANT in cleanup.text("reason", REASON) else ""),
        Line("To go on", f"{_CLEANUP} --resume {policy}"),
        Line("Time", clock(event.time)),
    )
    shown = tuple(line for line in lines if line.value)
    return Story(f"cleanup policy {policy}", "has stopped and deletes nothing more", shown, cleanup.text("reason", 100))


def _resumed(event: Event, cleanup: Facts, policy: str) -> Story:
    happened = _GOES_ON.get(cleanup.text("why"), "goes on")
    lines = (
        Line("Let go on by", cleanup.text("by")),
        Line("It stood still for", cleanup.text("reason", REASON)),
        Line("Time", clock(event.time)),
    )
    return Story(f"cleanup policy {policy}", happened, tuple(line for line in lines if line.value))


def _happened(event: Event, tries: object) -> str:
    if event.type is EventType.DELETION_REQUESTED:
        return "is to be deleted"
    if event.type is EventType.DELETION_FAILED:
        return "may or may not be deleted: nobody can say"
    return "is not deleted: the platform refuses it" if isinstance(tries, int) and tries else "is not deleted"
