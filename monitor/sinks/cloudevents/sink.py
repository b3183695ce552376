"""The last step of a delivery for `cloudevents` sinks: one POST for each event of the message, in their order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from monitor.fields import Clock
from monitor.model import Delivery, Outcome, Receipt
from monitor.sinks import signing
from monitor.sinks.cloudevents.done import Done
from monitor.sinks.cloudevents.envelope import CONTENT_TYPE, envelopes
from monitor.sinks.cloudevents.options import Options
from monitor.sinks.document import as_json
from monitor.sinks.posting import Posting
from monitor.sinks.progress import Progress
from monitor.wire import Http

LONGEST = 10.0
"""Times the sink's `timeout`: no further event of a message is begun after that; the next attempt goes on."""
HOPELESS = 5
"""So many events refused and none taken: the others would be refused too, as by an address that is wrong."""


class CloudEventsSink:
    """Posts to one URL. What was taken is not sent again by the next attempt; what was refused is passed over, so that
    one event that the receiver cannot read keeps none of the others from it."""

    def __init__(self, options: Options, http: Http, clock: Clock) -> None:
        self._posting = Posting(options, http)
        self._clock = clock
        self._longest = LONGEST * options.timeout
        self._key = signing.signing_key(options.secret) if options.secret else None
        self._progress = Progress(Done)

    async def send(self, delivery: Delivery) -> Receipt:
        """Ends within one `timeout` more than LONGEST times it."""
        every, done = list(envelopes(delivery)), self._progress.of(delivery)
        end = self._clock.monotonic() + self._longest
        for event in every:
            if event["id"] in done:
                continue
            if self._clock.monotonic() > end:
                later = Receipt(outcome=Outcome.RETRY, detail="the rest is sent next time", partly=True)
                return _so_far(done, len(every), later)
            receipt = await self._post(delivery.id, event)
            if receipt.outcome in (Outcome.RETRY, Outcome.UNKNOWN):
                return _so_far(done, len(every), receipt)
            (done.taken if receipt.outcome is Outcome.DELIVERED else done.refused).add(event["id"])
            if receipt.outcome is Outcome.REFUSED or not done.refused:
                done.said = receipt.detail
            if len(done.refused) >= HOPELESS and not done.taken:
                break
        self._progress.forget(delivery)
        outcome = Outcome.REFUSED if done.refused else Outcome.DELIVERED
        return _so_far(
            done, len(every), Receipt(outcome=outcome, detail=done.said, partly=bool(done.refused and done.taken))
        )

    async def _post(self, delivery: str, event: dict[str, Any]) -> Receipt:
        """`webhook-id` tells events of one message apart and stays the same on every attempt. (No full stop: the
        signature has one on either side of the id.)"""
        content = as_json(event)
        signed = signing.headers(f"{delivery}_{event['id']}", self._clock.now(), content, self._key)
        return await self._posting.post(content, {"content-type": CONTENT_TYPE, **signed})

    async def aclose(self) -> None: ...


def _so_far(done: Done, count: int, receipt: Receipt) -> Receipt:
    """With how many of several events arrived, or were refused, until then."""
    if count == 1:
        return receipt
    parts = [f"{len(done.taken)} of {count} events were taken"]
    if done.refused:
        parts.append(f"{len(done.refused)} refused")
    detail = f"{', '.join(parts)}; {receipt.detail}"
    return replace(receipt, detail=detail)


def build(options: Options, http: Http, clock: Clock) -> CloudEventsSink:
    return CloudEventsSink(options, http, clock)
