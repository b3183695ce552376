"""What the sandbox and the tests ask of an emulated platform."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Protocol

from aiohttp import web

from monitor.emulation.faults import Faults


class Emulator(Protocol):
    """One emulated platform. Its class is `Emulator` in the kind's `emulator.py`, made as
    `Emulator(clock, *, seed=1, autoplay=True)`; its world moves by itself with `clock` (without
    `autoplay` only as it is told) and is the same for the same seed.

    Independent of the kind's client and parser: a constant that is wrong in one must not hide in the other.
    """

    faults: Faults
    requests: Counter[str]
    """Requests served, by operation name (`list`, `get`, `search`, `show`, `resource_flavors` …)."""

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """The platform's paths, as they are on the real host; two platforms share one server without clashing."""
        ...
