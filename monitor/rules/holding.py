"""Which event types set a state of their subject, what that state is called, and which states never end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from monitor.model import Event, EventType
from monitor.model.lasting import ENDLESS, STATE_OF

__all__ = [
    "DARKENING",
    "ENDLESS",
    "SEEN_QUIET",
    "STATE_OF",
    "STOCK",
    "state_of",
    "subject_of",
    "there_and_back",
    "watch_of",
    "words",
]

_SIDES: Final[Mapping[str, int]] = {
    "soldout": 0,
    "normal": 1,
    "unreachable": 0,
    "unauthorized": 0,
    "well": 1,
    "failing": 0,
    "delivering": 1,
    "reached": 0,
    "renewed": 1,
    "near its cap": 0,
    "eased": 1,
}
"""States of subjects that go to and fro: who was told neither that it went nor that it came back has missed nothing."""

STOCK: Final = frozenset({EventType.FLAVOR_SOLD_OUT, EventType.FLAVOR_RESTOCKED})
DARKENING: Final = frozenset({EventType.ACCOUNT_UNREACHABLE, EventType.ACCOUNT_UNAUTHORIZED})
SEEN_QUIET: Final = frozenset({EventType.ACCOUNT_BASELINED})
"""What the rules look at even where it is told nobody."""


def state_of(event: Event) -> str | None:
    """The state that the event set; None where its type sets none. A job that went back to the queue is as queued as
    one that came there first, and a job that ended otherwise than before is in another state."""
    state = STATE_OF.get(event.type)
    if event.type is EventType.JOB_FINISHED:
        return words(event.data.get("outcome") or state)
    return state


def there_and_back(first: str | None, last: str | None) -> bool:
    """Whether `last` is what the subject was before it was `first`."""
    sides = _SIDES.get(first or ""), _SIDES.get(last or "")
    return None not in sides and sides[0] != sides[1]


def words(value: object) -> str:
    """As text that can be kept: what stands for no sign in any encoding becomes a question mark."""
    text = str(value)
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def subject_of(event: Event) -> str:
    """The subject within its account: ids of two accounts may collide."""
    return words(f"{event.account or ''}|{event.subject}")


def watch_of(event: Event) -> str | None:
    """Which watch sees the subject: `<account>|<watch>`; None for what the daemon sees by itself."""
    family = event.subject.partition("/")[0]
    if event.account is None:
        return None
    if family in ("job", "quota"):
        return words(f"{event.account}|jobs")
    if family in ("flavor", "training-flavor", "resource-flavor"):
        flavor = event.data.get("flavor")
        catalogue = flavor.get("catalogue") if isinstance(flavor, Mapping) else None
        return words(f"{event.account}|{catalogue or family.replace('-', '_') + 's'}")
    return None
