"""The last step of a delivery for `webhook` sinks: one POST, and what its answer means."""

from __future__ import annotations

from yarl import URL

from monitor.fields import Clock
from monitor.model import Delivery, Receipt
from monitor.sinks.webhook import outcome, payload
from monitor.sinks.webhook.options import Options, signing_key
from monitor.wire import Fault, Http
from monitor.wire.http import Patience


class WebhookSink:
    """Posts to one URL. An attempt ends within the sink's `timeout`, of which connecting takes at most half."""

    def __init__(self, options: Options, http: Http, clock: Clock) -> None:
        self._options = options
        self._http = http
        self._clock = clock
        self._url = str(URL(options.url.reveal()))
        self._key = signing_key(options.secret) if options.secret else None
        limit = options.timeout
        self._patience = Patience(total=limit, connect=min(10.0, limit / 2), silence=limit)

    async def send(self, delivery: Delivery) -> Receipt:
        content = payload.body(delivery)
        headers = payload.headers(delivery.id, self._clock.now(), content, self._key)
        own = {name: value.reveal() for name, value in self._options.headers.items()}
        try:
            answer = await self._http.send(
                "POST",
                self._url,
                judge=lambda answer: None,
                headers={**own, **headers},
                body=content,
                patience=self._patience,
            )
        except Fault as fault:
            return outcome.of_fault(fault)
        return outcome.of_answer(answer)

    async def aclose(self) -> None: ...


def build(options: Options, http: Http, clock: Clock) -> WebhookSink:
    return WebhookSink(options, http, clock)
