"""Scopes, jobs and flavors come back as they were stored, and a write that came too late is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from monitor.model import Catalogue, Flavor, JobError, JobState, KnownFlavor, KnownJob, KnownStock, Scope
from monitor.store import (
    Connection,
    FlavorWrite,
    JobIndex,
    JobWrite,
    ScopeRow,
    StaleWrite,
    Store,
    StoreError,
    count_states,
    ensure_scope,
    find_job,
    list_flavors,
    list_jobs,
    list_scopes,
    load_flavors,
    load_job_index,
    load_jobs,
    save_flavors,
    save_jobs,
    update_scope,
)
from tests.kit.made import NOON, known_job

SCOPE = Scope(account="north", watch="jobs", key="https://example|p1|0", workspace="0")


def write_of(known: KnownJob, previous: int | None = None, *, hash: int | None = 7) -> JobWrite:
    return JobWrite(known=known, previous_revision=previous, hash=hash, significant=hash)


async def scope_of(store: Store, scope: Scope = SCOPE) -> ScopeRow:
    return await store.write(partial(ensure_scope, scope=scope, now=NOON))


async def save(store: Store, scope_id: int, *writes: JobWrite) -> None:
    await store.write(partial(save_jobs, scope_id=scope_id, writes=writes, now=NOON))


async def test_a_scope_is_made_once_and_remembers_its_changes(store: Store) -> None:
    made = await scope_of(store)
    assert made == ScopeRow(id=made.id, scope=SCOPE, made_at=NOON)
    changes = {"baseline_from": NOON, "baselined_at": NOON, "last_good": NOON, "last_good_platform": NOON}
    more = {
        "swept_at": NOON,
        "paging": "item",
        "total_gap": 3,
        "parser_version": "2",
        "shrunk": "{}",
    }
    await store.write(partial(update_scope, scope_id=made.id, **changes, **more))
    assert await scope_of(store) == replace(made, **changes, **more)
    other = await scope_of(store, replace(SCOPE, key="another endpoint"))
    assert other.id != made.id
    assert [row.id for row in await store.read(list_scopes)] == [made.id, other.id]


async def test_a_change_of_what_a_scope_has_not_is_a_mistake(store: Store) -> None:
    with pytest.raises(TypeError, match="a scope has no colour"):
        await store.write(partial(update_scope, scope_id=1, colour="red"))
    with pytest.raises(StoreError, match="no scope 99"):
        await store.write(partial(update_scope, scope_id=99, paging="item"))


async def test_a_job_comes_back_as_it_was(store: Store) -> None:
    scope = await scope_of(store)
    odd = known_job("ft-奇", missing_since=NOON, booked_tokens=2**40, usage_due=NOON + timedelta(microseconds=1500))
    odd = replace(odd, job=replace(odd.job, error=JobError(code="OutOfMemory", message="卡 💥 \" ' \\"), tokens=0))
    await save(store, scope.id, write_of(odd, hash=2**64 - 1), write_of(known_job("ft-2"), hash=0))
    found = await store.read(partial(load_jobs, scope_id=scope.id, ids=["ft-奇", "ft-2", "nobody"]))
    assert found == {"ft-奇": odd, "ft-2": known_job("ft-2")}
    index = {entry.job_id: entry for entry in await store.read(partial(load_job_index, scope_id=scope.id))}
    due = NOON + timedelta(milliseconds=1)
    assert index["ft-奇"] == JobIndex("ft-奇", 2**64 - 1, 2**64 - 1, True, True, due, NOON)
    assert index["ft-2"] == JobIndex("ft-2", 0, 0, True, False, None, NOON)


async def test_a_name_with_any_character_is_stored_and_comes_back(store: Store) -> None:
    scope = await scope_of(store)
    hostile = "a\x00b'\"\u202e\u0007\ufeff <b> {{7*7}}"
    odd = replace(known_job("ft-1"), job=replace(known_job("ft-1").job, name=hostile))
    await save(store, scope.id, write_of(odd))
    assert await store.read(partial(load_jobs, scope_id=scope.id, ids=["ft-1"])) == {"ft-1": odd}


async def test_a_thousand_jobs_fit_into_one_call(store: Store) -> None:
    scope = await scope_of(store)
    ids = [f"ft-{number}" for number in range(1200)]
    await save(store, scope.id, *(write_of(known_job(each)) for each in ids))
    assert (await store.read(partial(load_jobs, scope_id=scope.id, ids=ids))).keys() == set(ids)


async def test_a_job_that_moved_meanwhile_refuses_all_of_the_write(store: Store) -> None:
    scope = await scope_of(store)
    await save(store, scope.id, write_of(known_job("a")), write_of(known_job("b")))
    await save(store, scope.id, write_of(known_job("a", revision=2), 1))
    late = [write_of(known_job("b", revision=2), 1), write_of(known_job("a", revision=2, attempt=9), 1)]
    with pytest.raises(StaleWrite, match=r"One of 2 jobs of scope \d+ has moved"):
        await save(store, scope.id, *late)
    with pytest.raises(StaleWrite, match="Job nobody"):
        await save(store, scope.id, write_of(known_job("nobody", revision=2), 1))
    found = await store.read(partial(load_jobs, scope_id=scope.id, ids=["a", "b"]))
    assert [(known.revision, known.attempt) for known in found.values()] == [(2, 1), (1, 1)]


async def test_a_job_is_made_once_per_scope(store: Store) -> None:
    scope = await scope_of(store)
    await save(store, scope.id, write_of(known_job("a")))
    with pytest.raises(StaleWrite, match="Job a"):
        await save(store, scope.id, write_of(known_job("a")))
    other = await scope_of(store, replace(SCOPE, key="other"))
    await save(store, other.id, write_of(known_job("a")))


async def test_a_job_whose_bytes_were_not_read_keeps_its_fingerprint(store: Store) -> None:
    scope = await scope_of(store)
    await save(store, scope.id, write_of(known_job("a"), hash=11), write_of(known_job("b"), hash=12))
    await save(
        store, scope.id, write_of(known_job("a", revision=2), 1, hash=None), write_of(known_job("b", revision=2), 1)
    )
    index = await store.read(partial(load_job_index, scope_id=scope.id))
    assert {(entry.job_id, entry.hash) for entry in index} == {("a", 11), ("b", 7)}


async def test_a_gone_job_leaves_the_index_and_the_lists_but_not_the_store(store: Store) -> None:
    scope = await scope_of(store)
    await save(store, scope.id, write_of(known_job("a", gone=True)), write_of(known_job("b", state=JobState.FAILED)))
    assert [entry.job_id for entry in await store.read(partial(load_job_index, scope_id=scope.id))] == ["b"]
    assert await store.read(partial(count_states, scope_id=scope.id)) == {"failed": 1}
    assert [each.known.job.id for each in await store.read(list_jobs)] == ["b"]
    assert len(await store.read(partial(list_jobs, include_gone=True))) == 2
    assert (await store.read(partial(load_jobs, scope_id=scope.id, ids=["a"])))["a"].gone


async def test_jobs_are_listed_newest_first_by_what_is_asked(store: Store) -> None:
    scope = await scope_of(store)
    ages = {"old": known_job("old", created_at=NOON - timedelta(days=1), state=JobState.SUCCEEDED)}
    ages |= {"undated": known_job("undated", created_at=None), "new": known_job("100%_new")}
    await save(store, scope.id, *(write_of(known) for known in ages.values()))

    async def ids(**wanted: object) -> list[str]:
        return [each.known.job.id for each in await store.read(partial(list_jobs, **wanted))]

    assert await ids() == ["100%_new", "old", "undated"]
    assert await ids(limit=1) == ["100%_new"]
    assert await ids(active=True) == ["100%_new", "undated"]
    assert await ids(active=False) == ["old"]
    assert await ids(state="succeeded") == ["old"]
    assert await ids(search="%_N") == ["100%_new"]
    assert await ids(search="NAME OF un") == ["undated"]
    assert await ids(account="south") == []
    index = {entry.job_id: entry.created_at for entry in await store.read(partial(load_job_index, scope_id=scope.id))}
    assert index["undated"] is None
    (record, *_) = await store.read(list_jobs)
    assert (record.account, record.scope) == ("north", SCOPE)


async def test_a_job_is_found_by_id_then_name_then_beginning(store: Store) -> None:
    scope = await scope_of(store)
    named = known_job("zz-9")
    named = replace(named, job=replace(named.job, name="ft"))
    await save(store, scope.id, write_of(known_job("ft-1")), write_of(known_job("ft-12")), write_of(named))

    async def ids(wanted: str, account: str | None = None) -> list[str]:
        return sorted(each.known.job.id for each in await store.read(partial(find_job, wanted=wanted, account=account)))

    assert await ids("ft-1") == ["ft-1"]
    assert await ids("ft") == ["zz-9"]
    assert await ids("ft-") == ["ft-1", "ft-12"]
    assert await ids("ft-", account="south") == []
    assert await ids("%") == []


def flavor(id: str, revision: int = 1, *, listed: bool = True, **zones: str) -> KnownFlavor:
    stock = {name: KnownStock(word=word, raw=word, since=NOON) for name, word in zones.items()}
    offer = Flavor(id=id, catalogue=Catalogue.RESOURCE, name=f"card {id}", specification={"cards": 8}, zones=zones)
    return KnownFlavor(flavor=offer, revision=revision, listed=listed, stock=stock)


async def test_flavors_come_back_and_move_by_compare_and_set(store: Store) -> None:
    scope = await scope_of(store, replace(SCOPE, watch="resource_flavors"))

    def save_them(conn: Connection, *writes: FlavorWrite) -> None:
        save_flavors(conn, scope.id, writes, now=NOON)

    first, second = flavor("a", north1="normal", north2="soldout"), flavor("b", listed=False)
    new = [FlavorWrite(known=known, previous_revision=None) for known in (first, second)]
    await store.write(lambda conn: save_them(conn, *new))
    assert await store.read(partial(load_flavors, scope_id=scope.id)) == {"a": first, "b": second}
    sold = flavor("a", 2, north1="soldout", north2="soldout")
    await store.write(lambda conn: save_them(conn, FlavorWrite(known=sold, previous_revision=1)))
    for write in (FlavorWrite(known=sold, previous_revision=1), new[0]):
        with pytest.raises(StaleWrite, match="Flavor a"):
            await store.write(lambda conn, write=write: save_them(conn, write))


async def test_flavors_are_listed_by_zone_state_and_word(store: Store) -> None:
    scope = await scope_of(store, replace(SCOPE, watch="resource_flavors"))
    known = [flavor("a", z1="normal", z2="soldout"), flavor("b", z1="soldout"), flavor("c", listed=False), flavor("d")]
    writes = [FlavorWrite(known=each, previous_revision=None) for each in known]
    await store.write(partial(save_flavors, scope_id=scope.id, writes=writes, now=NOON))

    async def ids(**wanted: object) -> list[str]:
        return [each.known.flavor.id for each in await store.read(partial(list_flavors, **wanted))]

    assert await ids() == ["a", "b", "d"]
    assert await ids(limit=2) == ["a", "b"]
    assert await ids(state="soldout") == ["a", "b"]
    assert await ids(state="soldout", zone="z1") == ["b"]
    assert await ids(zone="z2") == ["a"]
    assert await ids(state="delisted") == ["c"]
    assert await ids(search="CARD D") == ["d"]
    assert await ids(account="south") == []
