"""Stories of what somebody wants deleted, and of policies that stand still."""

from __future__ import annotations

from monitor.model import Event, EventType
from monitor.rules.message.facts import REASON, Facts, clock
from monitor.rules.message.jobs import asker, job_name
from monitor.rules.message.story import Line, Story

_CLEANUP = "training-monitor jobs cleanup"
_MEANT = "--yes-delete-many"
"""What a person says who means so much; a policy that would delete too much has it in its reason."""


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
    """`cleanup.stopped`."""
    cleanup = Facts(event.data).part("cleanup")
    policy = cleanup.text("policy")
    lines = (
        Line("Why", cleanup.text("reason", REASON)),
        Line("Account", cleanup.text("account")),
        Line("By hand", f"{_CLEANUP} {policy} --yes {_MEANT}" if _MEANT in cleanup.text("reason", REASON) else ""),
        Line("To go on", f"{_CLEANUP} --resume {policy}"),
        Line("Time", clock(event.time)),
    )
    shown = tuple(line for line in lines if line.value)
    return Story(f"cleanup policy {policy}", "has stopped and deletes nothing more", shown, cleanup.text("reason", 100))


def _happened(event: Event, tries: object) -> str:
    if event.type is EventType.DELETION_REQUESTED:
        return "is to be deleted"
    if event.type is EventType.DELETION_FAILED:
        return "may or may not be deleted: nobody can say"
    return "is not deleted: the platform refuses it" if isinstance(tries, int) and tries else "is not deleted"
