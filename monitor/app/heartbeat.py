"""The sign of life for a dead man's switch outside: sent at its times, as long as nothing speaks against it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from math import inf

import anyio
import msgspec
import structlog

from monitor.fields import Clock
from monitor.fields.bell import Bell
from monitor.settings.heartbeat import HeartbeatOptions
from monitor.telemetry.meter import NO_METER, Meter
from monitor.web.api.inside import Heartbeating
from monitor.wire import Answer, Fault, FaultKind, Http
from monitor.wire.http import Patience

TRIES = (0.0, 2.0, 10.0)
"""Seconds before each try to send one sign, none of them over a tenth of its period."""
TRY_FOR = 10.0
"""Seconds that one try may take, and at most a quarter of the period."""
LOOK_AGAIN = 30.0
"""Seconds after which it is looked at again while something speaks against it, and at most a tenth of the period."""
LOOK_SOON = 2.0
"""The same in the first `LOOK_AGAIN` seconds: what was not polled well yet is so in a moment, and no news."""

_log = structlog.get_logger("app")


class Heartbeat:
    """Lives as long as the process; `options` is asked again whenever `changed` is rung. Writes nothing, and makes no
    event: the switch itself calls when the sign stays away, and the log, the metrics and `doctor` say why.

    `objections` says what speaks against it now; `ending` is set from the moment that the daemon is told to end: what
    ends is not well, and a stop that lasts is what the switch has to call for.
    """

    def __init__(
        self,
        options: Callable[[], HeartbeatOptions | None],
        http: Http,
        clock: Clock,
        objections: Callable[[], Awaitable[Sequence[str]]],
        *,
        ending: anyio.Event | None = None,
        meter: Meter = NO_METER,
    ) -> None:
        self.changed = Bell()
        self._options = options
        self._http = http
        self._clock = clock
        self._objections = objections
        self._ending = ending or anyio.Event()
        self._meter = meter
        self._known: HeartbeatOptions | None = None
        self._state: Heartbeating | None = None
        self._told: str | None = None
        self._begun = -inf

    def state(self) -> Heartbeating | None:
        """How it is; None where the config asks for none."""
        return self._state

    def troubles(self) -> list[str]:
        """Why it is not sent, or does not arrive; in words of which none is secret."""
        state = self._state
        if state is None or (not state.held and state.failure is None):
            return []
        if state.failure is not None:
            return [f"the heartbeat does not arrive: {state.failure}"]
        more = f", and {len(state.held) - 1} more" if len(state.held) > 1 else ""
        return [f"the heartbeat is held back: {state.held[0]}{more}"]

    async def run(self) -> None:
        """Until it is cancelled. It outlives whatever one look runs into."""
        due, self._begun = -inf, self._clock.monotonic()
        while not self._ending.is_set():
            options = self._options()
            if options != self._known or options is None:
                self._known, self._told, due = options, None, -inf
                self._state = None if options is None else Heartbeating(every=options.every)
            left = due - self._clock.monotonic()
            if options is None:
                await self.changed.wait()
            elif left > 0:
                await self.changed.wait_at_most(self._clock, left)
            else:
                begun = self._clock.monotonic()
                due = begun + await self._beat(options)

    async def _beat(self, options: HeartbeatOptions) -> float:
        """One look, and the sign if nothing speaks against it. Seconds from its begin to the next look."""
        fresh = self._clock.monotonic() < self._begun + LOOK_AGAIN
        again = max(1.0, min(LOOK_SOON if fresh else LOOK_AGAIN, options.every / 10))
        try:
            held = await self._objections()
            failure = None if held else await self._sent(options)
        except Exception as error:  # what only watches must not end what works
            _log.exception("the heartbeat broke; this is a bug", error=type(error).__name__)
            held, failure = [f"this program failed ({type(error).__name__})"], None
        if self._ending.is_set():
            return inf
        self._after(options, held, failure, fresh)
        self._meter.heartbeat("withheld" if held else "failed" if failure is not None else "sent")
        return again if held else options.every

    def _after(self, options: HeartbeatOptions, held: Sequence[str], failure: str | None, fresh: bool) -> None:
        """Says once what keeps it, when it is so for a second time in a row and the daemon not `fresh`, and once that
        it is over. What does not arrive was tried several times, so it is said at once."""
        before = self._state or Heartbeating(every=options.every)
        at = before.at if held or failure is not None else self._clock.now()
        self._state = Heartbeating(every=options.every, at=at, held=tuple(held), failure=failure)
        said = self._told
        if failure is not None and said != "failing":
            self._told = "failing"
            _log.warning("the heartbeat does not arrive", reason=failure, every=options.every)
        elif held and said != "held" and before.held and not fresh:
            self._told = "held"
            _log.warning("the heartbeat is held back", reasons=list(held[:5]), count=len(held))
        elif not held and failure is None and said is not None:
            self._told = None
            _log.info("the heartbeat is sent again")

    async def _sent(self, options: HeartbeatOptions) -> str | None:
        """None where the sign arrived, else why the last try failed."""
        failure = None
        patience = max(1.0, min(TRY_FOR, options.every / 4))
        limits = Patience(total=patience, connect=patience, silence=patience)
        for pause in TRIES:
            if pause:
                await self._clock.sleep(min(pause, options.every / 10))
            if self._ending.is_set():
                return "the end came"
            try:
                await self._http.send("GET", options.url.reveal(), judge=judge, patience=limits)
            except Fault as fault:
                failure = _told(fault)
                if fault.kind is FaultKind.MISCONFIGURED:
                    break  # another try is answered the same
            else:
                return None
        return failure


def judge(answer: Answer) -> Fault | None:
    """Whether the sign was taken: 2xx, and no word that nobody waits for it (Healthchecks says `OK (not found)` with
    200, Uptime Kuma `{"ok": false}`)."""
    status = answer.status
    if not 200 <= status < 300:
        lasting = 400 <= status < 500 and status not in (408, 425, 429)
        kind = FaultKind.MISCONFIGURED if lasting else FaultKind.TRANSIENT
        return Fault(kind, f"answered {status}", status=status)
    word = answer.body[:200].strip().lower()
    if b"not found" in word or _refused(word):
        return Fault(FaultKind.MISCONFIGURED, f"answered {status}, but that nobody waits for this heartbeat")
    return None


def _refused(word: bytes) -> bool:
    if not word.startswith(b"{"):
        return False
    try:
        found = msgspec.json.decode(word)
    except msgspec.DecodeError:
        return False
    return isinstance(found, dict) and found.get("ok") is False


def _told(fault: Fault) -> str:
    if fault.status is not None and 300 <= fault.status < 400:
        return f"answered {fault.status}, a redirect; set `heartbeat.url` to where it leads"
    return fault.message
