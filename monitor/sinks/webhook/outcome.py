"""What an answer to a webhook, or the lack of one, means for the delivery."""

from __future__ import annotations

from monitor.model import Outcome, Receipt
from monitor.wire import Answer, Fault, FaultKind, retry_after

_LATER = frozenset({408, 425, 429})
"""The 4xx that say "not now": Request Timeout, Too Early, Too Many Requests."""


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
