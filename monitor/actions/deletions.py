"""The stage that deletes: it takes what is written down, one job of an account after the other, and follows each until
it is settled."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence

from monitor import store
from monitor.actions import asking
from monitor.actions.asking import Asked
from monitor.actions.ports import Reaches
from monitor.fields import Clock
from monitor.fields.bell import Bell, Broadcast
from monitor.model import Action, Asker
from monitor.store import ActionFilter, Connection, Store


class Deletions:
    """Guarded deletion, for whoever asks: a command, the API, a policy.

    In the daemon there is one (`Stages.deletions`), and it runs. A command without a daemon opens the store under its
    lock and has one for as long as it takes (`monitor.app.deleting.apart`):

        async with apart(settings, db, clock, accounts=["llm"]) as deletions:    # it runs inside the block
            asked = await deletions.asked("llm", ["ft-1", "ft-2"], Asker(AskerKind.USER, "ann"))
            async for moved in deletions.follow([each.action.id for each in asked if each.action]):
                show(moved)                                                      # all of them, each time one has moved

    In a transaction of the API or of a policy's run it is `ask(conn, …)`, and `ring()` once that is committed. A dry
    run is `look(conn, …)`; where the secrets are not resolved `asking.look` does it, with what the options say of
    `forbidden` (`forbidden_by`). What was asked for is listed by `store.list_actions`, and read anew by
    `store.get_actions`: any process may, whoever runs it.
    """

    def __init__(self, db: Store, reaches: Reaches, clock: Clock, *, bell: Bell) -> None:
        """`bell`: rung when events were written."""
        self._db = db
        self._reaches = reaches
        self._clock = clock
        self._bell = bell
        self._wake = Bell()
        self.moved = Broadcast()
        """Rung after each step of any deletion."""

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
                await moved.wait()

    async def listed(self, wanted: ActionFilter, limit: int = 100) -> list[Action]:
        """The newest first. Raises StoreError."""
        return await self._db.read(lambda conn: store.list_actions(conn, wanted, limit=limit))

    async def run(self) -> None:
        """Works until it is cancelled."""
        raise NotImplementedError
