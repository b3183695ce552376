"""The last step of a delivery for `log` sinks: one structured line per message."""

from __future__ import annotations

from typing import Any

import structlog

from monitor.fields import Clock
from monitor.model import Delivery, Outcome, Receipt, Severity
from monitor.sinks.log.options import Options
from monitor.wire import Http


class LogSink:
    """Writes the line `notification`, at the level of the message's severity; always delivered."""

    def __init__(self, logger: Any) -> None:
        self._logger = logger

    async def send(self, delivery: Delivery) -> Receipt:
        message = delivery.notification
        write = {Severity.WARNING: self._logger.warning, Severity.CRITICAL: self._logger.critical}
        write.get(message.severity, self._logger.info)(
            "notification",
            sink=delivery.sink,
            delivery=delivery.id,
            rule=message.rule,
            severity=message.severity.value,
            reason=message.reason.value,
            title=message.text.title,
            body=message.text.plain,
            events=[event.id for event in message.events],
        )
        return Receipt(outcome=Outcome.DELIVERED, detail="written to the log")

    async def aclose(self) -> None: ...


def build(options: Options, http: Http, clock: Clock) -> LogSink:
    return LogSink(structlog.get_logger("monitor.sinks.log"))
