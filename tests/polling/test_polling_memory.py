"""What a scope remembers between polls, against a plain dictionary."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.polling.memory import Entry, JobMemory

MOVES = st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 5), st.sampled_from(["put", "rehash", "drop"])))


@given(MOVES)
def test_a_hash_leads_to_the_job_that_last_had_it_and_to_no_other(moves: list[tuple[str, int, str]]) -> None:
    memory = JobMemory("1")
    truth: dict[str, int] = {}
    for job_id, number, move in moves:
        raw_hash = hash((job_id, number)) & 0xFFFFFFFFFFFFFFFF
        if move == "put":
            memory.put(Entry(job_id, raw_hash, 1, active=number % 2 == 0, created=0.0))
            truth[job_id] = raw_hash
        elif move == "rehash" and (entry := memory.by_id(job_id)) is not None:
            memory.rehash(entry, raw_hash)
            truth[job_id] = raw_hash
        elif move == "drop":
            memory.drop(job_id)
            truth.pop(job_id, None)
    assert {entry.id: entry.hash for entry in memory} == truth
    assert len(memory) == len(truth)
    for job_id, raw_hash in truth.items():
        found = memory.by_hash(raw_hash)
        assert found is not None
        assert found.id == job_id
    assert memory.active == {entry.id for entry in memory if entry.active}


def test_another_parser_version_knows_none_of_the_old_hashes() -> None:
    assert JobMemory("1").digest(b"{}") != JobMemory("2").digest(b"{}")


def test_a_state_that_comes_back_is_not_mistaken_for_unchanged() -> None:
    memory = JobMemory("1")
    memory.put(Entry("a", 1, 1, active=True, created=0.0))
    memory.put(Entry("a", 2, 2, active=True, created=0.0))
    assert memory.by_hash(1) is None
