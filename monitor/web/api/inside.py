"""What the API reads and changes: the store, the config as it is now, and whom to wake after a change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from monitor.fields import Clock
from monitor.settings import Settings
from monitor.store import Store


def _nobody(sinks: Iterable[str] | None = None) -> None:
    """Without a daemon there is nobody to wake."""


def _nothing() -> Sequence[str]:
    return ()


def _nowhere() -> Mapping[tuple[str, str], datetime | None]:
    return {}


@dataclass(slots=True, kw_only=True)
class Inside:
    """Not frozen: a reload puts new settings in its place while requests are served."""

    store: Store
    clock: Clock
    settings: Settings
    """Its secrets may be unresolved, and none of them is ever shown."""
    started_at: datetime | None = None
    """When the daemon started; None where a command reads the store by itself."""
    troubles: Callable[[], Sequence[str]] = _nothing
    last_good: Callable[[], Mapping[tuple[str, str], datetime | None]] = _nowhere
    """By account and watch: its last good poll as the daemon knows it; the store knows it to the minute."""
    wake: Callable[[Iterable[str] | None], None] = field(default=_nobody)
    """Deliveries of these sinks were changed."""
