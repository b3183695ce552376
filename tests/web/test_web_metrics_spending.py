"""What accounts use and what is deleted, as a scrape sees it: the ledger, deletions, policies that stand still."""

from __future__ import annotations

from dataclasses import replace

from prometheus_client.parser import text_string_to_metric_families as parse

from monitor.delivery import Outbox
from monitor.fields.bell import Bell
from monitor.model import ActionState, EventType
from monitor.store import Connection, Rename, add_action, append_events, rename, stop_cleanup
from tests.kit.made import NOON, deletion, draft
from tests.web.scraped import numbers, scene, spent

ENDS = (EventType.JOB_DELETED, EventType.DELETION_REFUSED, EventType.DELETION_FAILED)


async def test_deletions_are_counted_by_how_they_end_and_those_that_have_not_ended_are_there() -> None:
    async with scene() as on:
        await on.rig.poll()
        before = await on.scrape()

        def write(conn: Connection) -> None:
            add_action(conn, deletion(account="ascend"))
            add_action(
                conn, deletion(account="ascend", id="d2", job_id="j2", state=ActionState.DELETED, settled_at=NOON)
            )
            told = [*ENDS, EventType.DELETION_REFUSED, EventType.DELETION_REQUESTED]
            drafts = [draft(type=each, account="ascend", subject=f"job/n{n}") for n, each in enumerate(told)]
            append_events(conn, on.rig.store.epoch, [(each, 1) for each in drafts])

        await on.rig.store.write(write)
        router = on.router(Outbox(on.rig.store, [], on.clock, events=Bell()))
        while await router.turn():
            pass
        seen = await on.scrape()
    of = "deletions_total{{account=ascend,outcome={}}}".format
    assert [before[of(word)] for word in ("deleted", "refused", "failed")] == [0, 0, 0]
    assert [seen[of(word)] for word in ("deleted", "refused", "failed")] == [1, 2, 1]
    assert (before["deletions_open{account=ascend}"], seen["deletions_open{account=ascend}"]) == (0, 1)


async def test_a_policy_that_stands_still_is_seen_unless_it_is_off_anyway() -> None:
    async with scene() as on:
        before = await on.scrape()
        for name in ("nightly", "tried", "of another config"):
            await on.rig.store.write(lambda conn, name=name: stop_cleanup(conn, name, "refused", NOON))
        seen = await on.scrape()
    both = ("cleanup_policy_stopped{policy=nightly}", "cleanup_policy_stopped{policy=tried}")
    assert [[page[key] for key in both] for page in (before, seen)] == [[0, 0], [1, 0]]
    assert not [key for key in seen if "another" in key]


async def test_what_was_used_is_there_by_account_and_money_by_currency() -> None:
    async with scene() as on:
        exposer = on.exposer()

        async def scrape() -> dict[str, float]:
            return numbers(parse((await exposer.exposition()).body.decode()))

        await on.rig.poll()
        before = await scrape()
        await spent(on, 1000, "2.5")
        await spent(on, 5, "1", account="gone")
        first = await scrape()
        await spent(on, -100, "-0.25")
        last = await scrape()
    keys = ("booked_tokens{account=ascend}", "booked_node_seconds{account=ascend}",
            "booked_card_seconds{account=ascend}", "booked_cost{account=ascend,currency=CNY}")  # fmt: skip
    assert [before.get(key) for key in keys] == [0, 0, 0, None]
    assert [first[key] for key in keys] == [1000, 1.5, 12, 2.5]
    assert [last[key] for key in keys] == [900, 3, 24, 2.25]
    assert not [key for key in last if "account=gone" in key]


async def test_what_was_booked_under_a_former_name_of_the_account_is_under_its_new_one() -> None:
    async with scene() as on:
        await on.rig.poll()
        await spent(on, 1000, "2.5")
        exposer = on.exposer()
        await exposer.exposition()
        await on.rig.store.write(lambda conn: rename(conn, Rename(kind="account", before="ascend", after="north")))
        settings = on.inside.settings
        accounts = tuple(each.model_copy(update={"name": "north"}) for each in settings.accounts)
        on.inside.settings = replace(settings, accounts=accounts)
        await spent(on, 1, "1", account="north")
        seen = numbers(parse((await exposer.exposition()).body.decode()))
    assert seen["booked_tokens{account=north}"] == 1001
    assert seen["booked_cost{account=north,currency=CNY}"] == 3.5
    assert "booked_tokens{account=ascend}" not in seen
