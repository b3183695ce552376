"""Asks the platform one thing: proves who asks, sends, judges the answer, and repeats once where that mends it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

import anyio
from yarl import URL

from monitor.providers.modelarts.auth import Auth, Request
from monitor.providers.modelarts.errors import Asked, placed, refusal, said
from monitor.providers.modelarts.platform_time import PlatformTime
from monitor.providers.modelarts.signing import Query, query_string
from monitor.wire import Answer, Fault, FaultKind, Http

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A thing to ask for, as texts name it, and the permission that it needs."""

    action: str
    permission: str
    absent: tuple[int, str] | None = None
    """The status and code that mean "there is no such thing", which is an answer; `read` is given it too."""
    clear: frozenset[int] = frozenset()
    """Further statuses that are an answer and no fault; `read` is given them too."""


@dataclass(frozen=True, slots=True)
class Read(Generic[T]):
    """What was read out of a good answer, and the answer."""

    value: T
    answer: Answer


class _WrongClock(Fault):
    """A signature was refused because this machine's clock is wrong; the platform's is now known."""


class Client:
    """One credential on one host. Safe to share between tasks."""

    def __init__(
        self,
        http: Http,
        auth: Auth,
        origin: str,
        project_id: str,
        time: PlatformTime,
        *,
        placed_by: str = "endpoint",
    ) -> None:
        """`placed_by`: the config key that `origin` comes from, for hints."""
        self._http = http
        self.placed_by = placed_by
        self._auth = auth
        self._origin = origin
        self._host = URL(origin).authority
        self._headers = {"Content-Type": "application/json", "X-Project-Id": project_id}
        self._time = time
        self._first_contact = anyio.Lock()

    async def ask(
        self,
        operation: Operation,
        method: str,
        path: str,
        *,
        read: Callable[[Answer], T],
        query: Query = (),
        body: bytes = b"",
    ) -> Read[T]:
        """Sends, and reads the answer with `read`, which raises Fault for what cannot be believed.

        A 401 repeats the request once: after renewing a token that can be renewed, or when the answer showed that the
        signature bore a wrong date. Nothing else does, so a request that changes the platform may go through here: what
        was refused with a 401 has done nothing. A Fault's `sent` is about this request, not about one for a token.
        """
        request = Request(method=method, host=self._host, path=path, query=query, headers=self._headers, body=body)
        exchange = Exchange(self, operation, request, read)
        try:
            again = await self._turn(exchange, repeatable=True)
        except _WrongClock:
            again = True
        if again:
            await self._turn(exchange, repeatable=False)
        return exchange.result()

    async def _turn(self, exchange: Exchange[T], *, repeatable: bool) -> bool:
        """One attempt; True where it should be repeated."""
        with _unsent():
            await self._auth.prepare()
        if self._auth.signed and not self._time.known:
            # With a wrong clock every signature sent before the first answer is a bad one, and five lock the key.
            async with self._first_contact:
                await exchange.send(self._http, repeatable=repeatable)
        else:
            await exchange.send(self._http, repeatable=repeatable)
        if exchange.refused is None:
            return False
        with _unsent():
            await self._auth.renew(exchange.refused)
        return True

    def url(self, request: Request) -> str:
        query = query_string(request.query)
        return f"{self._origin}{request.path}" + (f"?{query}" if query else "")

    def prove(self, request: Request) -> dict[str, str]:
        return self._auth.prove(request)

    def judge(self, answer: Answer, operation: Operation, *, repeatable: bool) -> Fault | None:
        """The fault that an answer stands for; None for 200 and for what the operation expects."""
        wrong_date = self._time.learn(answer.date) if answer.status < 500 else False
        if answer.status == 200 or (operation.absent and operation.absent == (answer.status, said(answer).code)):
            return None
        if answer.status in operation.clear:
            return None
        if 200 <= answer.status < 300:
            text = f"ModelArts answered HTTP {answer.status} without the data when asked to {operation.action}"
            return Fault(FaultKind.SENSELESS, text, hint="is a proxy in between?", status=answer.status)
        fault = refusal(answer, self.asked(operation))
        if repeatable and wrong_date and fault.kind is FaultKind.BAD_SIGNATURE and fault.retry_after is None:
            return self._wrong_clock(answer)
        return fault

    def renewable(self, answer: Answer) -> bool:
        return answer.status == 401 and self._auth.renewable

    def asked(self, operation: Operation) -> Asked:
        """What a text about a refusal needs to know. Raises Fault where a secret is missing."""
        return Asked(
            service="ModelArts",
            action=operation.action,
            permission=operation.permission,
            credential=self._auth.names,
            signed=self._auth.signed,
            secrets=self._auth.secrets(),
        )

    def _wrong_clock(self, answer: Answer) -> Fault:
        # Not BAD_SIGNATURE: the key may be right, and this is repeated once, at once, with the platform's time.
        side = "behind" if self._time.skew > 0 else "ahead of"
        minutes = abs(self._time.skew) / 60
        text = f"this machine's clock is {minutes:.0f} minutes {side} the platform's; its time is used from now on"
        return _WrongClock(FaultKind.TRANSIENT, text, hint="set the clock (NTP)", status=answer.status)


class Exchange(Generic[T]):
    """One request and what became of its attempts."""

    def __init__(self, client: Client, operation: Operation, request: Request, read: Callable[[Answer], T]) -> None:
        self._client = client
        self._operation = operation
        self._request = request
        self._read = read
        self._result: Read[T] | None = None
        self._token = ""
        self._proven = False
        """Whether this attempt was ready to leave."""
        self.refused: str | None = None
        """The token that a 401 refused and that may be renewed."""

    async def send(self, http: Http, *, repeatable: bool) -> None:
        """One attempt. Raises Fault."""
        self.refused = None
        self._proven = False

        def judge(answer: Answer) -> Fault | None:
            if repeatable and self._client.renewable(answer):
                self.refused = self._token
                return None
            fault = self._client.judge(answer, self._operation, repeatable=repeatable)
            if fault is not None:
                return fault
            try:
                self._result = Read(self._read(answer), answer)
            except Fault as unbelievable:
                return unbelievable
            return None

        try:
            with placed(self._client.placed_by):
                await http.send(
                    self._request.method,
                    self._client.url(self._request),
                    judge=judge,
                    headers=self._prove,
                    body=self._request.body or None,
                )
        except Fault as fault:
            fault.sent = fault.sent and self._proven
            raise

    def result(self) -> Read[T]:
        assert self._result is not None, "no attempt was good"
        return self._result

    def _prove(self) -> dict[str, str]:
        headers = self._client.prove(self._request)
        self._token = headers.get("X-Auth-Token", "")
        self._proven = True
        return headers


@contextmanager
def _unsent() -> Iterator[None]:
    """What fails within it fails before the request leaves, or after it was refused."""
    try:
        yield
    except Fault as fault:
        fault.sent = False
        raise
