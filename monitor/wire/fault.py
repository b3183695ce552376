"""Why a request brought nothing that may be believed, in kinds that decide what happens next."""

from __future__ import annotations

from enum import StrEnum


class FaultKind(StrEnum):
    """A bounded set: it is a metric label, and pacing decides by it."""

    TRANSIENT = "transient"
    """5xx, network, time-out. Back-off with jitter, at most 60 s."""
    SENSELESS = "senseless"
    """An answer that means nothing: HTML, cut or empty body, 204, redirect, missing `items`. Paced like TRANSIENT."""
    THROTTLED = "throttled"
    """429; `retry_after` is obeyed where given."""
    BAD_SIGNATURE = "bad_signature"
    """A wrong key, secret or password: counted in the store, so that no account is ever locked."""
    UNAUTHORIZED = "unauthorized"
    """401/403 that no retry mends: expired for good, not allowed, not activated."""
    ARREARS = "arrears"
    """The account is overdue, frozen or restricted."""
    MISCONFIGURED = "misconfigured"
    """Wrong endpoint, region, project, workspace or filter: the config must change."""


class Fault(Exception):
    """A request that failed. The text is safe to log and to show: no key, token, body or query is in it."""

    def __init__(
        self,
        kind: FaultKind,
        message: str,
        *,
        hint: str = "",
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
        sent: bool = True,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.hint = hint
        """What the operator can do about it."""
        self.status = status
        self.code = code
        self.request_id = request_id
        self.retry_after = retry_after
        """Seconds, where the platform said when to come back."""
        self.sent = sent
        """Whether the other side may have got the request. False: surely not (no connection was made)."""
