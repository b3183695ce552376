"""Rules at work in tests: short events, rule sets of plain options, and what an engine says of them over time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.model import Event, EventType, Reason, Severity
from monitor.routing.memory import Rows, decode
from monitor.rules import (
    Effect,
    Engine,
    FlappingOptions,
    Heard,
    Notify,
    PersonOptions,
    RuleOptions,
    RuleSet,
    RuleState,
    UnmatchedOptions,
    drive,
)

START = datetime(2026, 1, 5, 10, tzinfo=UTC)
"""A Monday."""
SINKS = ("s", "t", "boss", "ann", "bob", "net")
PEOPLE = tuple(PersonOptions(name=name, ids=[f"modelarts:{name}"], notify=[name]) for name in ("ann", "bob"))
ACCOUNT = {"name": "acc", "provider": "modelarts", "region": "x", "labels": {}}


def at(minutes: float) -> datetime:
    """So many minutes after the start."""
    return START + timedelta(minutes=minutes)


def rule(on: str | Sequence[str], name: str = "r", notify: Sequence[str] = ("s",), **options: Any) -> RuleOptions:
    """`lasting` and `holds` stand for `for` and `while`."""
    types = [on] if isinstance(on, str) else list(on)
    named = {{"lasting": "for", "holds": "while"}.get(key, key): option for key, option in options.items()}
    return RuleOptions.model_validate({"name": name, "on": types, "notify": list(notify), **named})


def ruleset(*rules: RuleOptions, net: str | None = None, flapping: FlappingOptions | None = None) -> RuleSet:
    """With `net` the sink `net` hears of all that no rule takes, from that severity on."""
    unmatched = UnmatchedOptions(notify=["net"], min_severity=Severity(net)) if net else None
    return RuleSet.compile(rules, PEOPLE, unmatched, SINKS, flapping)


def about(
    seq: int, type: str, minutes: float, subject: str, *, severity: str = "info", behind: float = 0, **data: Any
) -> Event:
    """An event that was detected then; it happened `behind` minutes before."""
    late = bool(data.pop("late", False))
    account = "acc" if subject.partition("/")[0] in ("job", "flavor", "account") else None
    return Event(
        seq=seq,
        id=f"{seq:032x}",
        type=EventType(type),
        account=account,
        subject=subject,
        revision=seq,
        time=at(minutes - behind),
        detected_at=at(minutes),
        severity=Severity(severity),
        data={"account": ACCOUNT, **data} if account else data,
        late=late,
    )


def job(seq: int, what: str, minutes: float, name: str = "a", **data: Any) -> Event:
    """`what`: the type without `job.`"""
    made = {"id": name, "name": name, "creator": data.pop("creator", "ann"), "flavor": "f", "state": what}
    made |= {"priority": data.pop("priority")} if "priority" in data else {}
    made |= {"tokens": data.pop("tokens")} if "tokens" in data else {}
    if what == "finished":
        data = {"outcome": "succeeded", **data}
    return about(seq, f"job.{what}", minutes, f"job/{name}", job=made, **data)


def stock(seq: int, what: str, minutes: float, name: str = "f", **data: Any) -> Event:
    """`what`: `sold_out` or `restocked`."""
    word = "soldout" if what == "sold_out" else "normal"
    flavor = {"id": name, "zone": "z", "catalogue": "resource_flavors", "stock": word}
    return about(seq, f"flavor.{what}", minutes, f"flavor/{name}/z", flavor=flavor, **data)


def account(seq: int, what: str, minutes: float) -> Event:
    return about(seq, f"account.{what}", minutes, "account/acc", watch="jobs")


def silence(seq: int, minutes: float, until: float, match: str = "true", id: str = "1") -> Event:
    data = {"id": id, "match": match, "owner": "ann", "comment": "works", "until": at(until).isoformat()}
    return about(seq, "silence.added", minutes, f"silence/{id}", silence=data)


def unsilence(seq: int, minutes: float, id: str = "1") -> Event:
    return about(seq, "silence.ended", minutes, f"silence/{id}", silence={"id": id}, by="ann")


def answer(seq: int, what: str, minutes: float, subject: str = "job/a", name: str = "r", **data: Any) -> Event:
    """`what`: `acknowledged` or `snoozed` (with `until`)."""
    if "until" in data:
        data["until"] = at(data["until"]).isoformat()
    subjects = [f"acc|{subject}"]
    return about(seq, f"notification.{what}", minutes, "notification/n", rule=name, subjects=subjects, by="bob", **data)


def play(rules: RuleSet, events: Sequence[Event], until: float) -> list[Effect]:
    """All that is to be done, with a restart after every event."""
    heard, state, made = Heard(events), RuleState(), []
    for event in events:
        engine = Engine(rules, state, heard)
        made += list(drive(engine, [event]))
        assert engine.broken is None
        state = reborn(engine.state())
    engine = Engine(rules, state, heard)
    made += list(engine.advance(at(until)))
    assert engine.broken is None
    return made


def reborn(state: RuleState) -> RuleState:
    """As the store keeps it."""
    tables = ((name, getattr(state, name)) for name in RuleState.__dataclass_fields__)
    rows = Rows(RuleState()).encode({(name, key): row for name, table in tables for key, row in table.items()})
    return decode({key: row for key, row in rows.items() if row is not None})


def told(effects: Iterable[Effect], *, rule: str | None = None) -> list[tuple[float, str, str, tuple[int, ...]]]:
    """Of each message: minutes after the start, why, to whom (`s+t`), and which events."""
    return [
        (
            round((each.at - START).total_seconds() / 60, 2),
            each.reason.value,
            "+".join(each.sinks),
            tuple(event.seq for event in each.events),
        )
        for each in effects
        if isinstance(each, Notify) and (rule is None or each.rule == rule)
    ]


def told_to(effects: Iterable[Effect], sink: str) -> list[tuple[float, str, tuple[int, ...]]]:
    """What that sink hears."""
    return [(when, why, seqs) for when, why, sinks, seqs in told(effects) if sink in sinks.split("+")]


NEW, AGAIN, OVER, DIGEST = (each.value for each in (Reason.NEW, Reason.REMINDER, Reason.RESOLVED, Reason.DIGEST))
CATCH_UP = Reason.CATCH_UP.value
