"""A loop's word when it will be heard of again, so that one which hangs is noticed."""

from __future__ import annotations

from math import inf

from monitor.fields.clock import Clock


class Pulse:
    """The loop says `beat` whenever it begins something; who was not heard of in time hangs. Before the first beat
    nothing is expected."""

    def __init__(self, clock: Clock, *, patience: float) -> None:
        """`patience`: seconds that its longest piece of work may take."""
        self._clock = clock
        self._patience = patience
        self._by = inf

    def beat(self, pause: float = 0.0) -> None:
        """It lives, and rests for that many seconds before it begins something."""
        self._by = self._clock.monotonic() + max(0.0, pause)

    def missed(self, but: float = -inf) -> bool:
        """Whether it is overdue. `but`: a moment of the clock up to which something else is known to hold it up."""
        return self._clock.monotonic() > max(self._by, but) + self._patience
