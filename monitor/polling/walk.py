"""Walking through the pages of a listing: a page that fails is asked again a few times before the walk gives up."""

from __future__ import annotations

from monitor.model import Scope
from monitor.polling.backoff import LONGEST, PASSING
from monitor.providers.ports import JobPage, Provider
from monitor.wire import Fault

TRIES = 3
"""A walk commits as a whole; without a second try a long one would hardly ever get through a platform that fails now
and then. The gate's back-off lies between the tries."""


def _worth_another(fault: Fault) -> bool:
    """Not where the platform asks for a long wait: what was read by then would be old, and the wait is to be told."""
    return fault.kind in PASSING and (fault.retry_after or 0.0) <= LONGEST


class Pages:
    """Reads pages of one scope and keeps what the provider found out about its paging; with `paging` None it is found
    out anew."""

    def __init__(self, provider: Provider, scope: Scope, paging: str | None) -> None:
        self._provider = provider
        self._scope = scope
        self.paging = paging

    async def first(self, *, active: bool = False) -> JobPage:
        """Page one. It is asked once: when it fails the poll has failed, and the next one is soon. Raises Fault."""
        return await self._ask(None, active=active)

    async def next(self, page: JobPage, *, active: bool = False) -> JobPage | None:
        """The page after `page`, or None after the last. Raises Fault once it has failed three times."""
        if page.next is None:
            return None
        for _ in range(TRIES - 1):
            try:
                return await self._ask(page.next, active=active)
            except Fault as fault:
                if not _worth_another(fault):
                    raise
        return await self._ask(page.next, active=active)

    async def _ask(self, cursor: object | None, *, active: bool) -> JobPage:
        page = await self._provider.list_jobs(self._scope, cursor, active=active, paging=self.paging)
        self.paging = page.paging or self.paging
        return page
