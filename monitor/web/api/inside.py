"""What the API reads and changes: the store, the config as it is now, and whom to wake after a change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from monitor.fields import Clock
from monitor.ledger import PriceOptions
from monitor.rules import RuleSet
from monitor.settings import Settings
from monitor.store import Store

if TYPE_CHECKING:
    from monitor.actions.deletions import Deletions
    from monitor.budgets import Counting


def _nobody(sinks: Iterable[str] | None = None) -> None:
    """Without a daemon there is nobody to wake."""


def _unheard() -> None:
    """Without a daemon nobody reads the log; the next start does."""


def _nothing() -> Sequence[str]:
    return ()


def _nowhere() -> Mapping[tuple[str, str], datetime | None]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeating:
    """How the heartbeat is. `every`: seconds. `at`: when the last one arrived since the start. `held`: what speaks
    against sending one; `failure`: why the last one did not arrive. Neither holds a secret."""

    every: float
    at: datetime | None = None
    held: tuple[str, ...] = ()
    failure: str | None = None


def _silent() -> Heartbeating | None:
    return None


def _uncounted() -> None:
    return None


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
    heartbeat: Callable[[], Heartbeating | None] = _silent
    """None where the config asks for none, or no daemon runs."""
    rejected: Callable[[], Sequence[str]] = _nothing
    """What is wrong with the config that was read last, so that the one before goes on."""
    wake: Callable[[Iterable[str] | None], None] = field(default=_nobody)
    """Deliveries of these sinks were changed."""
    ring: Callable[[], None] = field(default=_unheard)
    """Events were appended to the log."""
    ruleset: Callable[[], RuleSet] | None = None
    """The rules at work; None where no daemon runs: then they are compiled when somebody asks."""
    clean: Callable[[], None] = field(default=_unheard)
    """A clean-up policy was let go on."""
    deletions: Callable[[], Deletions] | None = None
    """The stage that deletes; None where no daemon runs."""
    budgets: Callable[[], Sequence[Counting] | None] = _uncounted
    """The budgets as the daemon counts them; None where nobody has counted them yet."""
    prices: Callable[[], Sequence[PriceOptions]] | None = None
    """What things cost, the prices that are shipped among them; None where no daemon has read those."""

    def rules(self) -> RuleSet:
        """Raises RuleErrors where the file's were never checked and are wrong."""
        if self.ruleset is not None:
            return self.ruleset()
        known, names = self.settings, [sink.name for sink in self.settings.sinks]
        ending = [sink.name for sink in known.sinks if sink.needs_ends]
        return RuleSet.compile(known.rules, known.people, known.unmatched, names, known.flapping, ending=ending)
