"""The last step of a delivery for `apprise` sinks: a blocking send in a thread of the sink's own."""

from __future__ import annotations

from monitor.fields import Clock
from monitor.model import Delivery, Outcome, Receipt
from monitor.sinks.apprise.options import Options
from monitor.sinks.apprise.service import Service
from monitor.sinks.progress import Progress
from monitor.sinks.threads import Full, Stuck, Threads
from monitor.wire import Http

HARD_LIMIT = 4.0
"""Times the sink's `timeout`. The time-out bounds each step on the network; a plugin may take several, and a peer that
trickles bytes is never timed out. Until its thread is back or this has passed, the slot stays taken."""
THREADS = 4
"""Times the sink's `concurrency`: how many threads there may be, those that were left behind included."""


class AppriseSink:
    """Sends through one Apprise URL. Each concurrent send has an instance of the plugin to itself."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._threads = Threads(f"sink-{options.name}", THREADS * options.concurrency)
        self._idle = [self._make()]
        self._taken: Progress[set[object]] = Progress(set)

    def _make(self) -> Service:
        return Service(self._options.url, self._options.timeout)

    async def send(self, delivery: Delivery) -> Receipt:
        """Ends within HARD_LIMIT times the `timeout`; as `unknown` where the thread is not back by then. Of several
        addresses, or pieces of a long text, the next attempt passes over those that this one reached."""
        taken = self._taken.of(delivery)
        service = self._idle.pop() if self._idle else self._make()
        limit = HARD_LIMIT * self._options.timeout
        try:
            receipt = await self._threads.call(lambda: service.send(delivery, taken), hard_limit=limit)
        except Stuck:
            detail = f"{service.name} did not end within {limit:g} s; its thread was left behind"
            return Receipt(outcome=Outcome.UNKNOWN, detail=detail)
        except Full:
            self._idle.append(service)
            return Receipt(outcome=Outcome.RETRY, detail="every thread is stuck in an earlier send; nothing was sent")
        self._idle.append(service)
        if receipt.outcome in (Outcome.DELIVERED, Outcome.REFUSED):
            self._taken.forget(delivery)
        return receipt

    async def aclose(self) -> None:
        self._idle.clear()


def build(options: Options, http: Http, clock: Clock) -> AppriseSink:
    """Loads Apprise. Raises ValueError, without the URL, where `url` is not exactly one that Apprise takes."""
    return AppriseSink(options)
