"""Deletions in the daemon, and in a command without one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager

import anyio

from monitor.actions.cleanup import Cleanup
from monitor.actions.deletions import Deletions
from monitor.fields import Clock
from monitor.fields.bell import Bell
from monitor.polling.poller import Poller
from monitor.polling.surroundings import Surroundings
from monitor.settings import Settings
from monitor.settings.shipped import all_prices
from monitor.store import Store
from monitor.wire import new_session


def new_deletions(poller: Poller, db: Store, clock: Clock, bell: Bell, settings: Callable[[], Settings]) -> Deletions:
    """Reaches the accounts as they are polled, through a reload and on. `settings`: those at work."""

    def enabled() -> set[str]:
        return {policy.name for policy in settings().cleanup if policy.enabled}

    def accounts() -> set[str]:
        return {options.name for options in settings().accounts}

    return Deletions(db, poller.reach, clock, bell=bell, enabled=enabled, accounts=accounts)


def new_cleanup(settings: Settings, deletions: Deletions, db: Store, clock: Clock, bell: Bell) -> Cleanup:
    """`bell`: of the events."""
    policies, accounts = settings.cleanup, settings.accounts
    return Cleanup(db, deletions, clock, policies=policies, accounts=accounts, ring=bell.ring)


@asynccontextmanager
async def apart(
    settings: Settings, db: Store, clock: Clock, *, accounts: Collection[str] | None = None
) -> AsyncIterator[Deletions]:
    """Deletions at work while the block runs, with nobody polling: for a command that holds the store's lock. What an
    earlier run has left open of these accounts (None: of all) is gone on with too. Raises LookupError for a secret
    that was not resolved, StoreError."""
    wanted = [options for options in settings.accounts if accounts is None or options.name in accounts]
    bell = Bell()
    async with new_session() as session:
        around = Surroundings(
            store=db,
            clock=clock,
            bell=bell,
            prices=all_prices(settings.prices),
            catch_up_after=settings.catch_up_after,
        )
        poller = Poller(wanted, session, around)
        await poller.open()
        deletions = new_deletions(poller, db, clock, bell, lambda: settings)
        async with anyio.create_task_group() as group:
            group.start_soon(deletions.run)
            yield deletions
            group.cancel_scope.cancel()
