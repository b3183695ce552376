"""The rules of the config, in their order: what each says, what it waits for, and when it last said something."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec

from monitor import store
from monitor.model import Severity
from monitor.routing.memory import decode
from monitor.rules import RuleState
from monitor.rules.options import UNMATCHED, RuleOptions, UnmatchedOptions
from monitor.rules.written import written
from monitor.settings import Settings
from monitor.store import Connection
from monitor.store.shadows import count_shadows
from monitor.web.api.cursor import cut
from monitor.web.api.inside import Inside
from monitor.web.api.moment import Time, told
from monitor.web.api.route import Answer, Asked, Listed, Page, Route

WEEK = timedelta(days=7)


class Waiting(Answer, frozen=True, kw_only=True):
    """What a rule has not said yet, and what it looks after."""

    timers: Annotated[int, msgspec.Meta(description="States that must last (`for`).")] = 0
    kept: Annotated[int, msgspec.Meta(description="Events that wait in a group, a window or behind a silence.")] = 0
    standing: Annotated[int, msgspec.Meta(description="Messages that were told and are not over.")] = 0
    next_due: Annotated[Time | None, msgspec.Meta(description="When the next of these falls due.")] = None


class RuleItem(Answer, frozen=True, kw_only=True):
    """`net`: not a rule but `unmatched`, which takes what no rule took."""

    name: str
    on: list[str]
    when: str | None
    notify: list[str]
    severity: Annotated[Severity | None, msgspec.Meta(description="Instead of the event's own; of the net: the least.")]
    stop: bool
    net: bool
    last_notification_at: Time | None
    shadow: Annotated[bool, msgspec.Meta(description="On trial: what it would send is stored and sent to nobody.")]
    shadow_messages: Annotated[int, msgspec.Meta(description="What it would have sent in the last seven days.")]
    waiting: Waiting
    options: Annotated[
        dict[str, Any], msgspec.Meta(description="All that is set, as it would stand in the config file.")
    ]


class RuleSetAnswer(Answer, frozen=True, kw_only=True):
    """All that decides who is told what, as it would stand in the config file."""

    rules: list[dict[str, Any]]
    unmatched: dict[str, Any] | None
    people: list[dict[str, Any]]
    flapping: dict[str, Any] | None
    sinks: Annotated[list[str], msgspec.Meta(description="The names of the sinks.")]
    ending: Annotated[
        list[str], msgspec.Meta(description="Those that are told every end of a state whose begin they were told.")
    ]


def _list(conn: Connection, inside: Inside, asked: Listed) -> Page[RuleItem]:
    page = cut("rules", _items(inside.settings), asked)
    waiting = _waiting(decode(store.load_rule_state(conn)))
    since = inside.clock.now() - WEEK
    items = [
        msgspec.structs.replace(
            item,
            last_notification_at=told(store.last_told(conn, item.name)),
            shadow_messages=count_shadows(conn, item.name, since) if item.shadow else 0,
            waiting=waiting.get(item.name, Waiting()),
        )
        for item in page.items
    ]
    return Page(items=items, next=page.next)


def _items(settings: Settings) -> list[RuleItem]:
    items = [_item(rule) for rule in settings.rules]
    net = settings.unmatched
    if net is not None:
        items.append(_net(net))
    elif not items:  # then everything is told to every sink
        items.append(_net(UnmatchedOptions(notify=[sink.name for sink in settings.sinks])))
    return items


def _item(rule: RuleOptions) -> RuleItem:
    return RuleItem(
        name=rule.name,
        on=rule.on,
        when=rule.when,
        notify=rule.notify,
        severity=rule.severity,
        stop=rule.stop,
        net=False,
        last_notification_at=None,
        shadow=rule.shadow,
        shadow_messages=0,
        waiting=Waiting(),
        options=written(rule),
    )


def _net(net: UnmatchedOptions) -> RuleItem:
    return RuleItem(
        name=UNMATCHED,
        on=["*"],
        when=None,
        notify=net.notify,
        severity=net.min_severity,
        stop=False,
        net=True,
        last_notification_at=None,
        shadow=False,
        shadow_messages=0,
        waiting=Waiting(),
        options=written(net),
    )


def _waiting(state: RuleState) -> Mapping[str, Waiting]:
    """By rule."""
    timers: dict[str, int] = {}
    standing: dict[str, int] = {}
    kept: dict[str, set[int]] = {}
    dues: dict[str, list[datetime]] = {}
    for row in state.followed.values():
        for name, timer in row.timers.items():
            if timer.due is not None:
                timers[name] = timers.get(name, 0) + 1
                dues.setdefault(name, []).append(timer.due)
        for name, message in row.standings.items():
            standing[name] = standing.get(name, 0) + 1
            dues.setdefault(name, []).extend([message.due] if message.due is not None else [])
    for pile in state.piles.values():
        if pile.entries:
            kept.setdefault(pile.rule, set()).update(pile.seqs)
            dues.setdefault(pile.rule, []).append(pile.due)
    for name, period in state.periods.items():
        dues.setdefault(name, []).append(period.due)
    return {
        name: Waiting(
            timers=timers.get(name, 0),
            kept=len(kept.get(name, ())),
            standing=standing.get(name, 0),
            next_due=told(min(dues.get(name, []), default=None)),
        )
        for name in {*timers, *standing, *kept, *dues}
    }


def _ruleset(conn: Connection, inside: Inside, asked: Asked) -> RuleSetAnswer:
    settings = inside.settings
    return RuleSetAnswer(
        rules=[written(rule) for rule in settings.rules],
        unmatched=written(settings.unmatched) if settings.unmatched is not None else None,
        people=[written(person) for person in settings.people],
        flapping=written(settings.flapping) if settings.flapping is not None else None,
        sinks=[sink.name for sink in settings.sinks],
        ending=[sink.name for sink in settings.sinks if sink.needs_ends],
    )


ROUTES = (
    Route(path="/api/v1/rules", summary="The rules of the config.", fn=_list, asked=Listed, answer=Page[RuleItem]),
    Route(
        path="/api/v1/ruleset",
        summary="The rules with all that they go by, as they would stand in the config file.",
        fn=_ruleset,
        asked=Asked,
        answer=RuleSetAnswer,
    ),
)
