"""The first walk through a scope: fills what is known, tells nobody, and goes on after a crash where it matters."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import partial

from monitor import diff, store
from monitor.polling.jobs import JobsScope
from monitor.polling.learned import say_learned
from monitor.providers.ports import JobPage


async def take_baseline(jobs: JobsScope) -> None:
    """Reads the whole listing, committing page by page, and ends with `account.baselined`.

    After a crash or a fault the walk starts again at the first page; what is known already is passed over by its hash,
    so only requests are spent twice. Raises wire.Fault or store.StoreError.
    """
    jobs.lens.sweep += 1
    sight = jobs.sight()
    page: JobPage | None = await jobs.pages.first()
    assert page is not None
    if jobs.row.baseline_from is None:
        await _begin(jobs, page)
    total, date = page.total, page.date
    while page is not None:
        jobs.lens.look(page.items, sight)
        if sight:
            await jobs.commit(sight, {}, date=page.date)
        total, date = page.total, page.date or date
        sight = jobs.sight()
        page = await jobs.pages.next(page)
    await _end(jobs, total, date)


async def _begin(jobs: JobsScope, page: JobPage) -> None:
    """The platform's clock decides what happened before the baseline and what after it."""
    moment = page.date or jobs.around.clock.now()
    await jobs.around.store.write(partial(store.update_scope, scope_id=jobs.row.id, baseline_from=moment))
    jobs.row = replace(jobs.row, baseline_from=moment)


async def _end(jobs: JobsScope, total: int | None, date: datetime | None) -> None:
    now = jobs.around.clock.now()
    counts = await jobs.around.store.read(partial(store.count_states, scope_id=jobs.row.id))
    event = diff.baselined(
        jobs.provider.account,
        watch=jobs.row.scope.watch,
        workspace=jobs.row.scope.workspace,
        counts=counts,
        now=now,
        first_run=jobs.options.first_run,
        since=jobs.row.made_at,
    )
    changes = {
        "baselined_at": now,
        "swept_at": now,
        "total_gap": None if total is None else total - len(jobs.memory),
        "parser_version": jobs.provider.parser_version,
    }
    await jobs.commit(jobs.sight(), {}, date=date, own=(event,), changes=changes)
    say_learned(jobs.provider.account.name, (event,))
