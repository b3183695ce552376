"""The last step of a delivery for `file` sinks: one line of JSON, in a thread, for a disk may keep it waiting."""

from __future__ import annotations

import asyncio
from functools import partial

from monitor.fields import Clock
from monitor.model import Delivery, Outcome, Receipt
from monitor.sinks.document import as_json, document
from monitor.sinks.file.journal import Journal
from monitor.sinks.file.options import Options, size_of
from monitor.sinks.threads import Full, Stuck, Threads
from monitor.wire import Http

_SPLITTING = {"\u0085": b"\\u0085", "\u2028": b"\\u2028", "\u2029": b"\\u2029"}
"""What JSON lets stand and some readers take for the end of a line."""


class FileSink:
    """Appends to one file, one message after the other."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._threads = Threads(f"sink-{options.name}", 1)
        self._turn = asyncio.Lock()
        self._journal = Journal(
            options.file,
            max_size=size_of(options.max_size),
            keep=options.keep,
            mode=int(options.mode, 8),
            fsync=options.fsync,
        )

    async def send(self, delivery: Delivery) -> Receipt:
        """Ends within the sink's `timeout` after its turn has come; what fails is tried again, for a person can mend
        every cause of it."""
        write = partial(self._journal.append, line(delivery))
        async with self._turn:
            try:
                await self._threads.call(write, hard_limit=self._options.timeout)
            except FileNotFoundError:
                return _later(f"cannot write {self._options.path}: there is no directory {self._options.file.parent}")
            except OSError as error:
                return _later(f"cannot write {self._options.path}: {error.strerror or error}")
            except Full:
                return _later(f"an earlier write to {self._options.path} still hangs")
            except Stuck:
                detail = f"writing {self._options.path} did not end within {self._options.timeout:g} s"
                return Receipt(outcome=Outcome.UNKNOWN, detail=detail)
        return Receipt(outcome=Outcome.DELIVERED, detail=f"written to {self._options.path}")

    async def aclose(self) -> None:
        if not self._threads.busy:
            self._journal.close()


def line(delivery: Delivery) -> bytes:
    """The message as a `webhook` posts it, with the delivery's id before it: the same where it stands there twice."""
    text = as_json({"delivery": delivery.id, **document(delivery)})
    for sign, escaped in _SPLITTING.items():
        text = text.replace(sign.encode(), escaped)
    return text + b"\n"


def _later(detail: str) -> Receipt:
    return Receipt(outcome=Outcome.RETRY, detail=detail)


def build(options: Options, http: Http, clock: Clock) -> FileSink:
    return FileSink(options)
