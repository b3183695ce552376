"""By which labels Alertmanager knows an alert: what it is routed, grouped and silenced by."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from monitor.model import Delivery, Event, Severity

SOURCE = "training-monitor"
_ILLEGAL = re.compile(r"[^A-Za-z0-9_]")
_WEB = re.compile(r"https?://[A-Za-z0-9._~:/?#@!$&'()*+,;=%-]{1,2000}")


def labels_of(delivery: Delivery, event: Event, own: Mapping[str, str]) -> dict[str, str]:
    """The same for the same rule and event, whenever it is told. What would be empty is left out, as Alertmanager does.
    The account's own labels come with it, so that they can be routed by; ours stand where names collide."""
    account = event.data.get("account")
    account = account if isinstance(account, Mapping) else {}
    given = account.get("labels")
    given = given if isinstance(given, Mapping) else {}
    made = {_legal(str(name)): str(value) for name, value in given.items()}
    made |= own
    made |= {
        "alertname": delivery.notification.rule,
        "severity": severity_of(delivery, event).value,
        "type": event.type.value,
        "source": SOURCE,
        "account": event.account or "",
        "provider": str(account.get("provider") or ""),
        "subject": event.subject,
    }
    return {name: text for name, value in made.items() if (text := label(value))}


def labels_of_message(delivery: Delivery, own: Mapping[str, str]) -> dict[str, str]:
    """Of a message that is about no event in particular."""
    message = delivery.notification
    return dict(own) | {
        "alertname": label(message.rule),
        "severity": message.severity.value,
        "type": f"notification.{message.reason.value}",
        "source": SOURCE,
    }


def severity_of(delivery: Delivery, event: Event) -> Severity:
    """Of several events in a message each has its own, unless the rule gave the message another one."""
    message = delivery.notification
    heaviest = max((each.severity for each in message.events), key=lambda each: each.rank)
    return event.severity if message.severity is heaviest else message.severity


def link_of(event: Event) -> str | None:
    """Where the platform's console shows it; None where there is nothing that Alertmanager takes for an address."""
    job: Any = event.data.get("job")
    url = job.get("url") if isinstance(job, Mapping) else None
    return url if isinstance(url, str) and _WEB.fullmatch(url) else None


def _legal(name: str) -> str:
    legal = _ILLEGAL.sub("_", name)
    return f"_{legal}" if legal[:1].isdigit() else legal or "_"


def label(value: str) -> str:
    """As the value of a label: what stands for no sign in any encoding becomes a question mark."""
    return value.encode("utf-8", "replace").decode()
