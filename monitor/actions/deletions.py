"""The stage that deletes: it takes what is written down, one job of an account after the other, and follows each until
it is settled."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from datetime import datetime
from functools import partial
from math import inf

import anyio
import structlog

from monitor import store
from monitor.actions import asking, steps
from monitor.actions.asking import Asked
from monitor.actions.carrying import Carrier, Overtaken
from monitor.actions.forlorn import Forlorn
from monitor.actions.ports import Reach, Reaches
from monitor.actions.waiting import Waiting
from monitor.fields import Clock
from monitor.fields.bell import Bell, Broadcast
from monitor.fields.pulse import Pulse
from monitor.model import Action, Asker, Scope
from monitor.store import ActionFilter, Connection, StaleWrite, Store, StoreError
from monitor.store.actions import hasten_actions
from monitor.telemetry.trouble import store_trouble

STORE_PAUSE = 5.0
"""Seconds between two tries while the store cannot be used."""
BUG_PAUSE = 300.0
"""Seconds until what this program failed at is tried again."""
PATIENCE = 300.0
"""Seconds after which the loop counts as hung; it only looks who is due."""
LOOK_AGAIN = 5.0
"""Seconds after which somebody who follows looks by himself: polling settles deletions too."""
LONGEST = 300.0
"""Seconds between two looks at who is due while something is open: a clock that was wrong may be right by now."""
MOST_ON_THEIR_WAY = 5
"""Of an account, at a time."""
_log = structlog.get_logger("actions")


class Deletions:
    """Guarded deletion, for whoever asks: a command, the API, a policy.

    In the daemon there is one (`Stages.deletions`), and it runs. A command without a daemon opens the store under its
    lock and has one for as long as it takes (`monitor.app.deleting.apart`):

        async with apart(settings, db, clock, accounts=["llm"]) as deletions:    # it runs inside the block
            asked = await deletions.asked("llm", ["ft-1", "ft-2"], Asker(AskerKind.USER, "ann"))
            async for moved in deletions.follow([each.action.id for each in asked if each.action]):
                show(moved)                                                      # all of them, each time one has moved

    In a transaction of the API or of a policy's run it is `ask(conn, …)`, and `ring()` once that is committed. A dry
    run is `look(conn, …)`; where the secrets are not resolved `asking.look` does it, with what
    `AccountOptions.forbids_deleting` says. What was asked for is listed by `store.list_actions`, and read anew by
    `store.get_actions`: any process may, whoever runs it.
    """

    def __init__(
        self,
        db: Store,
        reaches: Reaches,
        clock: Clock,
        *,
        bell: Bell,
        enabled: Callable[[], Collection[str]],
        accounts: Callable[[], Collection[str]],
    ) -> None:
        """`bell`: rung when events were written. `enabled`: the clean-up policies that may delete, by name.
        `accounts`: those of the config, of which `reaches` may know a part."""
        self._db = db
        self._reaches = reaches
        self._clock = clock
        self._bell = bell
        self._enabled = enabled
        self._accounts = accounts
        self._waiting = Waiting(clock)
        self._forlorn = Forlorn(clock)
        self._wake = Bell()
        self._busy: set[str] = set()
        self._pulse = Pulse(clock, patience=PATIENCE)
        self._storeless = store_trouble("actions", "deleting")
        self.moved = Broadcast()
        """Rung after each step of any deletion."""

    def reach(self, account: str) -> Reach | None:
        """The account as it is at work; None where the config has none of that name."""
        return self._reaches(account)

    def ring(self) -> None:
        """Something was asked for: it is begun at once."""
        self._wake.ring()

    def ask(self, conn: Connection, account: str, job_id: str, asker: Asker, *, reason: str = "") -> Asked:
        """Writes down that the job is to be deleted. Raises LookupError where the config has no such account. To be
        followed by `ring` once it is committed."""
        reach = self._reaches(account)
        if reach is None:
            raise LookupError(f"the config file has no account {account!r}")
        now, no = self._clock.now(), reach.forbidden
        return asking.ask(conn, self._db.epoch, reach.account, job_id, asker, forbidden=no, now=now, reason=reason)

    def look(self, conn: Connection, account: str, job_id: str) -> str:
        """Why it would be refused now; empty where it would not. Raises LookupError as `ask`."""
        reach = self._reaches(account)
        if reach is None:
            raise LookupError(f"the config file has no account {account!r}")
        return asking.look(conn, account, job_id, forbidden=reach.forbidden)

    async def asked(self, account: str, job_ids: Sequence[str], asker: Asker) -> list[Asked]:
        """`ask` for all of them in one transaction, begun at once. Raises LookupError, StoreError."""
        done = await self._db.write(lambda conn: [self.ask(conn, account, each, asker) for each in job_ids])
        self._bell.ring()
        self.ring()
        return done

    async def follow(self, ids: Iterable[str]) -> AsyncIterator[list[Action]]:
        """The deletions as they are, at once and after each step of any, the oldest first, until all are settled.
        Raises StoreError."""
        wanted = list(ids)
        with self.moved.listening() as moved:
            while True:
                found = await self._db.read(lambda conn: store.get_actions(conn, wanted))
                yield found
                if all(action.state.settled for action in found):
                    return
                await moved.wait_at_most(self._clock, LOOK_AGAIN)

    async def listed(self, wanted: ActionFilter, limit: int = 100) -> list[Action]:
        """The newest first. Raises StoreError."""
        return await self._db.read(lambda conn: store.list_actions(conn, wanted, limit=limit))

    async def run(self) -> None:
        """Works until it is cancelled. An account that hangs or breaks holds up no other."""
        async with anyio.create_task_group() as group:
            while True:
                self._pulse.beat()
                due, wait = await self._due()
                for account in due:
                    self._busy.add(account)
                    group.start_soon(self._apart, account, name=f"deletions of {account}")
                self._pulse.beat(inf if wait is None else wait)
                if wait is None:
                    await self._wake.wait()
                else:
                    await self._wake.wait_at_most(self._clock, wait)

    async def turn(self) -> float | None:
        """Goes on with everything that is due, one account after the other; seconds until something else is, None:
        there is nothing. Raises StoreError."""
        for account in (await self._due())[0]:
            await self._account(account)
        return (await self._due())[1]

    def hung(self) -> list[str]:
        return ["deletions"] if self._pulse.missed() else []

    async def _due(self) -> tuple[list[str], float | None]:
        """The accounts of which something is due and nobody sees to it, and the seconds until one of the others is."""
        try:
            due = await self._db.read(store.actions_due_at)
            given_up = await self._given_up(due)
            free = {name: at for name, at in due.items() if name not in self._busy and self._reaches(name) is not None}
            waits = {name: self._waiting.seconds(name, at) for name, at in free.items()}
            ready = [name for name, wait in waits.items() if wait <= 0]
            for name in ready:
                if free[name] > self._clock.now():  # which somebody has set back meanwhile
                    await self._db.write(partial(hasten_actions, account=name, now=self._clock.now()))
        except StoreError as error:
            self._storeless.met(reason=str(error))
            return [], STORE_PAUSE
        self._storeless.over()
        later = [*given_up, *(wait for wait in waits.values() if wait > 0)]
        return ready, min([*later, LONGEST]) if later else None

    async def _given_up(self, waiting: Iterable[str]) -> list[float]:
        """Ends what waits for accounts that have left the config. Gives the seconds until others have for long enough.
        Raises StoreError."""
        waits = self._forlorn.look(waiting, self._accounts())
        for account in [name for name, wait in waits.items() if wait <= 0]:
            ended = await self._db.write(partial(self._forlorn.give_up, epoch=self._db.epoch, account=account))
            _log.warning("an account left the config with deletions open, which end", account=account, jobs=ended)
            self._bell.ring()
            self.moved.ring()
        return [wait for wait in waits.values() if wait > 0]

    async def _apart(self, account: str) -> None:
        try:
            await self._account(account)
        except StoreError as error:
            self._storeless.met(reason=str(error))
            await self._clock.sleep(STORE_PAUSE)
        finally:
            self._busy.discard(account)
            self._wake.ring()

    async def _account(self, account: str) -> None:
        """Goes on with what is due of one account, one after the other."""
        while (reach := self._reaches(account)) is not None:
            action, scope, full = await self._db.read(partial(_next, account=account, now=self._clock.now()))
            if scope is not None and action is not None:
                await self._step(reach, action, scope)
                await self._clock.sleep(reach.pause)
            elif full:
                await self._clock.sleep(max(reach.pause, steps.SOONEST))
            else:
                return

    async def _step(self, reach: Reach, action: Action, scope: Scope) -> None:
        """One step of one deletion. Raises StoreError."""
        try:
            await Carrier(self._db, self._clock, reach, action, scope, self._enabled).go_on()
        except (Overtaken, StaleWrite):
            pass
        except StoreError:
            raise
        except Exception:
            _log.exception("a deletion broke; this is a bug", account=action.account, job=action.job_id)
            await self._put_off(action)
        finally:
            self._bell.ring()
            self.moved.ring()

    async def _put_off(self, action: Action) -> None:
        """So that it does not hold up the others."""

        def write(conn: Connection) -> None:
            if (found := store.get_action(conn, action.id)) is not None and not found.state.settled:
                store.move_action(conn, found, steps.later(found, BUG_PAUSE, self._clock.now()))

        await self._db.write(write)


def _next(conn: Connection, account: str, now: datetime) -> tuple[Action | None, Scope | None, bool]:
    """What to go on with. Not more than a few are on their way at a time, for each is looked at again and again:
    whether something waits for those."""
    due = store.due_actions(conn, account, now)
    full = len(store.leaving_jobs(conn, account)) >= MOST_ON_THEIR_WAY
    found = next((action for action in due if action.sent_at is not None or not full), None)
    if found is None:
        return None, None, bool(due)
    scopes = {row.id: row.scope for row in store.list_scopes(conn)}
    return found, scopes[found.scope_id], False
