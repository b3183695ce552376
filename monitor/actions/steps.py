"""The state machine of a deletion: where it is and what was seen or answered, to where it is then. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from monitor.fields.duration import format_duration
from monitor.model import Action, ActionState
from monitor.wire import Fault, FaultKind

MOST_TRIES = 3
"""Requests whose answer stays away, at most; then it is only looked at what becomes of the job."""
SOONEST = 1.0
"""Seconds from the platform's yes to the first look at whether the job is gone."""
WAITS = ((2.5, 2.0), (30.0, 5.0), (60.0, 10.0))
"""Until so many seconds after the request went out: seconds from one look to the next. After that it is NEXT_LOOK."""
FIRST_LOOK, NEXT_LOOK = 10.0, 20.0
"""Seconds until what was not answered is looked at, and from one look to the next where nothing hurries."""
PATIENCE = 1800.0
"""Seconds after the last request in which the job must be gone."""
BLIND_LOOK = 60.0
"""Seconds from one look to the next while nobody can say whether the platform still shows the same place."""
BLIND = (
    "the platform says that it has no such job, and of no other job that was known either: with this credential the "
    "account may look at another place now"
)
STALE = 6 * 3600.0
"""Seconds after which what was asked for is not begun or sent again any more, and what cannot be looked at is given
up."""
REFUSALS = frozenset({FaultKind.UNAUTHORIZED, FaultKind.BAD_SIGNATURE, FaultKind.ARREARS, FaultKind.MISCONFIGURED})
"""Faults that no waiting mends: the next deletion with this credential would fare no better."""


def begun_too_late(action: Action, now: datetime) -> str:
    if not _stale(action, now):
        return ""
    return f"nothing could be sent within {format_duration(STALE)} of asking; ask again"


def only_watched(action: Action, now: datetime) -> bool:
    """Whether nothing is sent any more, though the job is there: the platform said yes, or enough went out, or it is
    long ago that somebody asked."""
    sent = action.sent_at is not None
    return action.state is ActionState.ACCEPTED or action.tries >= MOST_TRIES or (sent and _stale(action, now))


def refused(action: Action, reason: str, now: datetime) -> Action:
    return _settled(action, ActionState.REFUSED, reason, now)


def failed(action: Action, reason: str, now: datetime) -> Action:
    return _settled(action, ActionState.FAILED, reason, now)


def blind(action: Action, now: datetime) -> Action:
    """The job is not there, and nothing shows that this is where it was: it waits, and says why."""
    if action.sent_at is not None and (now - action.sent_at).total_seconds() > STALE:
        return failed(action, BLIND, now)
    said = in_sight(action).reason
    return later(replace(action, reason=f"{said}; {BLIND}" if said else BLIND), BLIND_LOOK, now)


def in_sight(action: Action) -> Action:
    """Its place is seen (again): only what a policy said of it is left as the reason."""
    return replace(action, reason=action.reason.removesuffix(BLIND).removesuffix("; "))


def deleted(action: Action, now: datetime) -> Action:
    return _settled(action, ActionState.DELETED, "", now)


def archived(action: Action, now: datetime) -> Action:
    return replace(action, state=ActionState.ARCHIVED, due_at=now)


def sending(action: Action, now: datetime) -> Action:
    """To be committed before the request goes out: whoever finds it so later looks at the job first."""
    return replace(action, state=ActionState.SENT, tries=action.tries + 1, sent_at=now, due_at=now)


def accepted(action: Action, now: datetime) -> Action:
    return later(replace(action, state=ActionState.ACCEPTED), SOONEST, now)


def later(action: Action, seconds: float, now: datetime) -> Action:
    """What went out in a time that is yet to come, by a clock that was set back since, counts as sent now: it would be
    waited for until then and longer."""
    sent_at = action.sent_at if action.sent_at is None else min(action.sent_at, now)
    return replace(action, due_at=now + timedelta(seconds=seconds), sent_at=sent_at)


def unread(action: Action, fault: Fault, now: datetime) -> Action:
    """The job could not be read, so nothing may be sent and nothing be said."""
    if action.sent_at is None and fault.kind in REFUSALS:
        return refused(action, f"the job cannot be read: {fault.message}", now)
    if action.sent_at is not None and (now - action.sent_at).total_seconds() > STALE:
        return failed(action, f"the job cannot be read any more: {fault.message}", now)
    return later(action, fault.retry_after or NEXT_LOOK, now)


def unsent(before: Action, fault: Fault, now: datetime) -> Action:
    """The request surely never left: it is as `before`, when it was to be sent."""
    begun = before.state if before.sent_at is not None else ActionState.REQUESTED
    return later(replace(before, state=begun), fault.retry_after or FIRST_LOOK, now)


def throttled(action: Action, fault: Fault, now: datetime) -> Action:
    """The platform turned it away for the moment. It does not count as a try; the job is read before the next one."""
    back = replace(action, tries=action.tries - 1)
    return later(back, fault.retry_after or NEXT_LOOK, now)


def unclear(action: Action, now: datetime) -> Action:
    """The request went out and nobody knows what came of it: the job is read before it is sent again."""
    return later(action, FIRST_LOOK * 3 ** (action.tries - 1), now)


def declined(action: Action, reason: str, now: datetime) -> Action:
    """A clear no. Where an earlier request went unanswered that one may be what it is about: then nothing is sent any
    more, and it is looked at what becomes of the job."""
    if action.tries <= 1:
        return refused(action, reason, now)
    return later(replace(action, tries=max(action.tries, MOST_TRIES)), NEXT_LOOK, now)


def still_there(action: Action, now: datetime) -> Action:
    """The job was read, and nothing is to be sent (any more)."""
    passed = PATIENCE if action.sent_at is None else (now - action.sent_at).total_seconds()
    if passed <= PATIENCE:
        wait = next((wait for until, wait in WAITS if passed < until), NEXT_LOOK)
        return later(action, wait if action.state is ActionState.ACCEPTED else NEXT_LOOK, now)
    word = "the platform said yes" if action.state is ActionState.ACCEPTED else "no clear answer came"
    return failed(action, f"{word}, and {format_duration(PATIENCE)} later the job is still there", now)


def _stale(action: Action, now: datetime) -> bool:
    return (now - action.requested_at).total_seconds() > STALE


def _settled(action: Action, state: ActionState, reason: str, now: datetime) -> Action:
    return replace(action, state=state, reason=reason, due_at=None, settled_at=now)
