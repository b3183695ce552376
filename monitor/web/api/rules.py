"""The rules of the config, in their order, and when each last said something."""

from __future__ import annotations

from typing import Annotated

import msgspec

from monitor import store
from monitor.model import Severity
from monitor.rules.options import UNMATCHED
from monitor.settings import Settings
from monitor.store import Connection
from monitor.web.api.cursor import cut
from monitor.web.api.inside import Inside
from monitor.web.api.moment import Time, told
from monitor.web.api.route import Answer, Listed, Page, Route


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


def _list(conn: Connection, inside: Inside, asked: Listed) -> Page[RuleItem]:
    page = cut("rules", _items(inside.settings), asked)
    at = {item.name: told(store.last_told(conn, item.name)) for item in page.items}
    items = [msgspec.structs.replace(item, last_notification_at=at[item.name]) for item in page.items]
    return Page(items=items, next=page.next)


def _items(settings: Settings) -> list[RuleItem]:
    items = [
        RuleItem(
            name=rule.name,
            on=rule.on,
            when=rule.when,
            notify=rule.notify,
            severity=rule.severity,
            stop=rule.stop,
            net=False,
            last_notification_at=None,
        )
        for rule in settings.rules
    ]
    net = settings.unmatched
    if net is not None:
        items.append(_net(net.notify, net.min_severity))
    elif not items:  # then everything is told to every sink
        items.append(_net([sink.name for sink in settings.sinks], Severity.INFO))
    return items


def _net(notify: list[str], least: Severity) -> RuleItem:
    return RuleItem(
        name=UNMATCHED,
        on=["*"],
        when=None,
        notify=notify,
        severity=least,
        stop=False,
        net=True,
        last_notification_at=None,
    )


ROUTES = (
    Route(path="/api/v1/rules", summary="The rules of the config.", fn=_list, asked=Listed, answer=Page[RuleItem]),
)
