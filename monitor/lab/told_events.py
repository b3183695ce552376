"""Events that a scenario tells without a poll: trouble with an account, usage, and whole events as they are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, Final

from monitor import diff
from monitor.lab.platform import TrackedJob
from monitor.lab.polls import Look, of_jobs
from monitor.lab.steps import AccountStep, EventStep, Figure
from monitor.model import DEFAULT_SEVERITY, Account, EventDraft, EventType, Severity, Usage, rfc3339
from monitor.rules.samples import sample
from monitor.rules.schema import VARIABLES

_ALMOST: Final = 0.8
"""How alike two names are of which one is a slip of the other."""

_WRITTEN_OUT: Final = frozenset({"job", "flavor", "usage"})
"""What samples have whole."""


@dataclass(frozen=True, slots=True)
class Booked:
    """What the ledger would say of a figure."""

    total: Usage
    delta: Usage
    cost: Decimal | None
    total_cost: Decimal | None
    currency: str | None
    correction: bool


def trouble(account: Account, word: str, step: AccountStep, now: datetime) -> EventDraft:
    if word == "unauthorized":
        reason = step.reason or "the platform refuses the key"
        return diff.unauthorized(account, watch=step.watch, reason=reason, hint=None, now=now)
    reason = step.reason or "the platform does not answer"
    return diff.unreachable(account, watch=step.watch, reason=reason, hint=None, since=now, failures=3, now=now)


def recovered(
    account: Account, step: AccountStep, since: datetime, reason: str | None, was: str | None, now: datetime
) -> EventDraft:
    return diff.recovered(account, watch=step.watch, reason=reason, since=since, now=now, was=was)


def usage(tracked: TrackedJob, figure: Figure, look: Look) -> EventDraft:
    assert tracked.known is not None
    known, before = tracked.known, tracked.known.booked_tokens
    booked = Booked(
        total=Usage(tokens=figure.tokens),
        delta=Usage(tokens=figure.tokens - (before or 0)),
        cost=figure.cost,
        total_cost=figure.cost,
        currency=figure.currency,
        correction=before is not None,
    )
    tracked.known = replace(known, booked_tokens=figure.tokens, revision=known.revision + 1)
    return diff.usage_event(tracked.known, booked, of_jobs(tracked, look))


def whole(step: EventStep, account: Account, now: datetime) -> EventDraft:
    """The event as it is written, over a sample of its type. Raises ValueError."""
    kind = EventType(step.event)
    model = sample(kind)
    if model.data.keys() & _WRITTEN_OUT:
        _known(model.data, step.data)
    about = account if model.account is not None else None
    subject = step.subject or _subject(model.subject, account)
    severity = step.severity or _severity(kind, step.data)
    data = _over(_named(model.data, subject), step.data)
    if about is not None:
        data["account"] = _over(about.as_data(), step.data.get("account", {}))
    data |= {"detected_at": rfc3339(now), "late": step.late, "severity": severity.value}
    return EventDraft(
        type=kind,
        account=about.name if about is not None else None,
        subject=subject,
        time=now - timedelta(seconds=step.ago or 0.0),
        detected_at=now,
        severity=severity,
        data=data,
        late=step.late,
    )


def _known(model: Mapping[str, Any], data: Mapping[str, Any], place: str = "data") -> None:
    """A field that is written almost like one that such an event has would leave another event than was meant. Raises
    ValueError; any other field is taken as it is, for events have more than the sample says."""
    fields = {**model, **VARIABLES.get(place, {})}
    for name, value in data.items():
        inner = fields.get(name)
        if name not in fields and (near := get_close_matches(name, fields, n=1, cutoff=_ALMOST)):
            raise ValueError(f"{place} has no field {name!r}; did you mean {near[0]}?")
        if isinstance(value, Mapping) and name in VARIABLES:
            _known(inner if isinstance(inner, Mapping) else {}, value, name)


def _subject(subject: str, account: Account) -> str:
    return f"account/{account.name}" if subject == "account/sample" else subject


def _severity(type: EventType, data: Mapping[str, Any]) -> Severity:
    job = data.get("job")
    failed = data.get("outcome") or (job.get("state") if isinstance(job, Mapping) else None) or "failed"
    if type is EventType.JOB_FINISHED and failed == "failed":
        return Severity.WARNING
    return DEFAULT_SEVERITY.get(type, Severity.INFO)


def _named(data: Mapping[str, Any], subject: str) -> dict[str, Any]:
    """The sample under the name that the subject gives."""
    family, _, rest = subject.partition("/")
    if family == "job" and isinstance(data.get("job"), Mapping):
        return {**data, "job": {**data["job"], "id": rest, "name": rest}}
    if family == "flavor" and isinstance(data.get("flavor"), Mapping):
        flavor, _, zone = rest.rpartition("/")
        return {**data, "flavor": {**data["flavor"], "id": flavor, "name": flavor, "zone": zone}}
    return dict(data)


def _over(below: Mapping[str, Any], above: Any) -> dict[str, Any]:
    """`above` laid over `below`, mapping by mapping."""
    made = dict(below)
    for key, value in above.items() if isinstance(above, Mapping) else ():
        inner = made.get(key)
        both = isinstance(inner, Mapping) and isinstance(value, Mapping)
        made[key] = _over(inner, value) if both and isinstance(inner, Mapping) else value
    return made
