"""One POST to a web address of yours, and what its answer, or the lack of one, means for the delivery."""

from __future__ import annotations

from collections.abc import Mapping

from yarl import URL

from monitor.model import Outcome, Receipt
from monitor.sinks.address import Addressed
from monitor.wire import Answer, Fault, FaultKind, Http, retry_after
from monitor.wire.http import Patience

_LATER = frozenset({408, 425, 429})
"""The 4xx that say "not now": Request Timeout, Too Early, Too Many Requests."""


class Posting:
    """Sends to the address of one sink. A request ends within the sink's `timeout`, of which connecting takes at most
    half."""

    def __init__(self, options: Addressed, http: Http) -> None:
        self.url = URL(options.url.reveal())
        self._http = http
        self._options = options
        limit = options.timeout
        self._patience = Patience(total=limit, connect=min(10.0, limit / 2), silence=limit)

    async def post(self, content: bytes, headers: Mapping[str, str], url: URL | None = None) -> Receipt:
        """To the sink's own address, or another one there."""
        try:
            return of_answer(await self.ask("POST", url or self.url, headers, content))
        except Fault as fault:
            return of_fault(fault)

    async def ask(self, method: str, url: URL, headers: Mapping[str, str], content: bytes | None = None) -> Answer:
        """Whatever the status. Raises Fault."""
        own = {name: value.reveal() for name, value in self._options.headers.items()}
        return await self._http.send(
            method,
            str(url),
            judge=lambda answer: None,
            headers={**own, **headers},
            body=content,
            patience=self._patience,
        )


def of_answer(answer: Answer) -> Receipt:
    status = answer.status
    if 200 <= status < 300:
        return Receipt(outcome=Outcome.DELIVERED, detail=f"answered {status}")
    if status in _LATER or status >= 500:
        wait = retry_after(answer.headers, answer.date)
        return Receipt(outcome=Outcome.RETRY, detail=f"answered {status}", retry_after=wait)
    detail = f"answered {status}" + (": the address is gone for good" if status == 410 else "")
    return Receipt(outcome=Outcome.REFUSED, detail=detail)


def of_fault(fault: Fault) -> Receipt:
    """A whole answer whose body is of no use is judged by its status; else it counts whether the request was sent."""
    if fault.status is not None and 300 <= fault.status < 400:
        hint = "redirects are not followed; set `url` to where it leads"
        return Receipt(outcome=Outcome.REFUSED, detail=f"{fault.message}; {hint}")
    if fault.status is not None and 200 <= fault.status < 300:
        return Receipt(outcome=Outcome.DELIVERED, detail=f"answered {fault.status}")
    if fault.kind is FaultKind.MISCONFIGURED:
        return Receipt(outcome=Outcome.REFUSED, detail=fault.message)
    return Receipt(outcome=Outcome.UNKNOWN if fault.sent else Outcome.RETRY, detail=fault.message)
