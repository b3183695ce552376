"""Between a plugin and the network: overhears the answers that Apprise throws away, for one plugin instance alone."""

from __future__ import annotations

from types import FunctionType, MethodType
from typing import Any

from monitor.sinks.apprise.answers import Refusal, read
from monitor.sinks.apprise.dialects import Dialect


class Ear:
    """The `refusals` that a plugin met, which fails where its service refused in the body of an answer.

    With one of them in the list nothing more is sent: Apprise would go on to the next piece of a long text, and so
    into a limit. `begin` clears the list.

    Apprise's plugins call the `requests` of their module and have no session that would take a hook. So this instance
    gets a `send` of its own: the same code with another `requests` in sight. Nothing that others see is changed, and as
    an instance serves one thread at a time there is nothing to lock.
    """

    def __init__(self, plugin: Any, dialect: Dialect) -> None:
        send: FunctionType = type(plugin).send
        self.refusals: list[Refusal] = []
        self._dialect = dialect
        self._taken: set[object] = set()
        self._requests = _Requests(send.__globals__["requests"])
        names = send.__globals__ | {"requests": self._requests}
        own = FunctionType(send.__code__, names, send.__name__, send.__defaults__, send.__closure__)
        own.__kwdefaults__ = send.__kwdefaults__
        self._send = MethodType(own, plugin)
        plugin.send = self._listened

    def begin(self, taken: set[object]) -> None:
        """A message begins; what arrives of it is noted in `taken`."""
        self.refusals.clear()
        self._taken = taken

    def _listened(self, *given: Any, **named: Any) -> bool:
        if self.refusals:
            return False
        before = set(self._taken)
        self._requests.answers.clear()
        sent = bool(self._send(*given, **named))
        found = [read(each.status_code, each.content or b"", self._dialect) for each in self._requests.answers]
        self.refusals += [each for each in found if each is not None]
        if self.refusals:  # the plugin saw a status of 200 and noted that it was taken
            self._taken.intersection_update(before)
        return sent and not self.refusals


class _Requests:
    """The library as `send` sees it."""

    def __init__(self, library: Any) -> None:
        self._library = library
        self.answers: list[Any] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._library, name)

    def post(self, *given: Any, **named: Any) -> Any:
        answer = self._library.post(*given, **named)
        self.answers.append(answer)
        return answer
