"""What the rooms say while they work, for whoever counts it; by default nobody does, and it costs one call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final


class Meter:
    """Takes measurements and throws them away; `telemetry.metrics.Metrics` keeps them.

    All names come from the config or from closed sets, never from a platform: they become labels. Times are seconds.
    No method raises or blocks; all are called on the event loop.
    """

    def polled(self, account: str, watch: str, outcome: str, seconds: float) -> None:
        """One poll ended: `good`, a fault's kind, `store` (cannot be written), `stale` (another wrote), `bug`."""

    def requested(self, account: str, outcome: str, seconds: float) -> None:
        """One request to a platform ended: `answered`, or a fault's kind."""

    def committed(self, writes: int, failed: int, seconds: float) -> None:
        """One transaction ended, with `writes` writes in it, of which `failed` were undone for a fault of
        the store; those that were refused (a row had moved, a person asked in vain) are in neither number."""

    def routed(self, types: Sequence[str], rules: Sequence[str], seconds: float) -> None:
        """One batch was routed: the types of its events, and the rule of each notification that came of them."""

    def attempted(self, sink: str, outcome: str, seconds: float) -> None:
        """One attempt to deliver ended."""

    def delivered(self, sink: str, seconds: float) -> None:
        """A message arrived, so long after the newest of its events was detected."""

    def given_up(self, sink: str) -> None:
        """A delivery is dead, or was refused for good."""

    def deletion(self, account: str, outcome: str) -> None:
        """A deletion came to its end, and rules have seen that: `deleted`, `refused`, `failed`."""

    def reloaded(self, ok: bool) -> None:
        """The config was read again: taken, or refused."""

    def heartbeat(self, outcome: str) -> None:
        """A heartbeat was due: `sent`, `failed` (it did not arrive), `withheld` (something spoke against it)."""

    def lagged(self, seconds: float) -> None:
        """So late came the event loop to what was due."""

    def pruned(self, records: int, at: float) -> None:
        """Retention has looked through everything and removed so many records; `at`: Unix time."""

    def streaming(self, change: int) -> None:
        """Event streams were opened (+1) or closed (-1)."""


NO_METER: Final = Meter()
