"""The last step of a delivery for `webhook` sinks: one POST of the whole message."""

from __future__ import annotations

from monitor.fields import Clock
from monitor.model import Delivery, Receipt
from monitor.sinks import signing
from monitor.sinks.document import as_json, document
from monitor.sinks.posting import Posting
from monitor.sinks.webhook.options import Options
from monitor.wire import Http


class WebhookSink:
    """Posts to one URL. Repeats are known by `webhook-id`, the delivery's id."""

    def __init__(self, options: Options, http: Http, clock: Clock) -> None:
        self._posting = Posting(options, http)
        self._clock = clock
        self._key = signing.signing_key(options.secret) if options.secret else None

    async def send(self, delivery: Delivery) -> Receipt:
        content = as_json(document(delivery))
        signed = signing.headers(delivery.id, self._clock.now(), content, self._key)
        return await self._posting.post(content, {"content-type": "application/json", **signed})

    async def aclose(self) -> None: ...


def build(options: Options, http: Http, clock: Clock) -> WebhookSink:
    return WebhookSink(options, http, clock)
