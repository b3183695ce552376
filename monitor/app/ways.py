"""`check --online` for sinks: what can be said of the way to each without sending a message."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import anyio

from monitor.fields import Clock
from monitor.sinks.options import Place, SinkOptions
from monitor.wire import Fault
from monitor.wire.reach import reach

EXPIRES_SOON = 14 * 86400.0
"""Seconds before its end that a certificate is worth a word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """`here`: messages leave no machine; `unknown`: only the library, or another user, knows the way; `open`, `closed`:
    it was tried."""

    name: str
    type: str
    state: Literal["open", "closed", "here", "unknown"]
    detail: str = ""
    hint: str = ""
    seconds: float | None = None
    certificate_ends: datetime | None = None
    expires_soon: bool = False


async def try_ways(sinks: Sequence[SinkOptions], clock: Clock, told: Callable[[str], None]) -> list[Way]:
    """Looks at all sinks at once, in the order of the file. `told` is called with the name of each that is done."""
    found: dict[str, Way] = {}

    async def one(options: SinkOptions) -> None:
        found[options.name] = await _way(options, clock)
        told(options.name)

    async with anyio.create_task_group() as group:
        for options in sinks:
            group.start_soon(one, options)
    return [found[options.name] for options in sinks]


async def _way(options: SinkOptions, clock: Clock) -> Way:
    if options.stays_here and (found := await anyio.to_thread.run_sync(options.obstacle)) is not None:
        state: Literal["closed", "unknown"] = "closed" if found.sure else "unknown"
        return Way(name=options.name, type=options.type, state=state, detail=found.detail, hint=found.hint)
    if options.stays_here:
        return Way(name=options.name, type=options.type, state="here", detail="its messages stay on this machine")
    place = await anyio.to_thread.run_sync(options.place)  # loads Apprise where it is one of its URLs
    if place is None:
        detail = "only its library knows the way; a test message shows whether one arrives"
        return Way(name=options.name, type=options.type, state="unknown", detail=detail)
    try:
        reached = await reach(place.host, place.port, tls=place.tls)
    except Fault as fault:
        return Way(name=options.name, type=options.type, state="closed", detail=fault.message, hint=fault.hint)
    left = (reached.certificate_ends - clock.now()).total_seconds() if reached.certificate_ends else None
    return Way(
        name=options.name,
        type=options.type,
        state="open",
        detail=f"{_shown(place)} answers",
        seconds=reached.seconds,
        certificate_ends=reached.certificate_ends,
        expires_soon=left is not None and left < EXPIRES_SOON,
    )


def _shown(place: Place) -> str:
    host = f"[{place.host}]" if ":" in place.host else place.host
    return f"{host}:{place.port}" + (" over TLS" if place.tls else "")
