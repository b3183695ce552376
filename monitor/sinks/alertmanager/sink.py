"""The last step of a delivery for `alertmanager` sinks: what it has about the subject is looked up, then one POST."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from monitor.fields import Clock
from monitor.model import Delivery, Outcome, Receipt
from monitor.sinks.alertmanager.alerts import Change, change, newest
from monitor.sinks.alertmanager.options import Options
from monitor.sinks.alertmanager.standing import Standing, questions, read
from monitor.sinks.document import as_json
from monitor.sinks.posting import Posting, of_answer, of_fault
from monitor.wire import Fault, Http

PATH = "/api/v2/alerts"


class AlertmanagerSink:
    """Keeps nothing itself: which alerts stand is asked of Alertmanager, so an end finds its alert by the labels it
    really has, after a restart or a change of the config too."""

    def __init__(self, options: Options, http: Http, clock: Clock) -> None:
        self._posting = Posting(options, http)
        self._options = options
        self._clock = clock
        base, query = self._posting.url, self._posting.url.query
        path = base.raw_path.rstrip("/").removesuffix(PATH)
        self._url = base.with_path(path + PATH, encoded=True).with_query(query)

    async def send(self, delivery: Delivery) -> Receipt:
        """Ends within twice the sink's `timeout`: a question may go before the POST."""
        subjects = {event.subject for event in newest(delivery)[0]}
        standing = await self._ask(subjects) if subjects else []
        if isinstance(standing, Receipt):
            return standing
        made = change(delivery, standing, self._options, self._clock.now())
        if not made.begun and not made.ended:
            return Receipt(outcome=Outcome.DELIVERED, detail="nothing to end: it has no alert about this")
        receipt = await self._posting.post(
            as_json([*made.ended, *made.begun]), {"content-type": "application/json"}, self._url
        )
        if receipt.outcome is Outcome.DELIVERED:
            return replace(receipt, detail=_told(made))
        return receipt

    async def _ask(self, subjects: set[str]) -> Sequence[Standing] | Receipt:
        """The alerts that stand; where they cannot be had, why. Nothing was changed then."""
        url = self._url.extend_query(questions(sorted(subjects), self._options.labels))
        try:
            answer = await self._posting.ask("GET", url, {})
            receipt = of_answer(answer)
            if receipt.outcome is Outcome.DELIVERED:
                return read(answer.body)
        except Fault as fault:
            receipt = of_fault(fault)
        except ValueError as error:
            detail = f"its answer is {error}; `url` is that of Alertmanager, like http://127.0.0.1:9093"
            return Receipt(outcome=Outcome.RETRY, detail=detail)
        if receipt.outcome is Outcome.REFUSED:
            return replace(receipt, detail=f"{receipt.detail}, asked for its alerts")
        return replace(receipt, outcome=Outcome.RETRY)

    async def aclose(self) -> None: ...


def _told(made: Change) -> str:
    parts = [f"{len(made.begun)} begun or renewed"] if made.begun else []
    parts += [f"{len(made.ended)} ended"] if made.ended else []
    return f"alerts: {', '.join(parts)}"


def build(options: Options, http: Http, clock: Clock) -> AlertmanagerSink:
    return AlertmanagerSink(options, http, clock)
