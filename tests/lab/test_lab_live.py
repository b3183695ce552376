"""The lab tells what the daemon's router tells on a real store, word for word: over stories that dice made."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path
from random import Random

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from monitor.lab.days import Day
from monitor.rules import Notify
from monitor.store import open_store
from tests.kit.outbox import START
from tests.kit.story import Said, Story, hid, invent, live_through, said


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty store, which is made once and copied."""
    folder = tmp_path_factory.mktemp("migrated")

    async def make() -> None:
        await (await open_store("sqlite:monitor.db", state_dir=folder, lock=True)).aclose()

    asyncio.run(make())
    return folder / "monitor.db"


def in_the_lab(story: Story) -> Day:
    day = Day(story.ruleset(), START)
    for drafts in story.steps:
        day.pass_until(drafts[0].detected_at, before=True)
        day.happen(drafts)
    day.pass_until(story.end)
    assert day.broken is None
    return day


@settings(max_examples=4, phases=[Phase.generate], deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 8))
async def test_the_lab_tells_what_the_live_router_tells(migrated: Path, seed: int, rules: int) -> None:
    story = invent(Random(seed), 30, rules)
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(migrated, folder)
        store = await open_store("sqlite:monitor.db", state_dir=Path(folder), lock=True)
        try:
            await live_through(store, story)
            told, kept = await store.read(lambda conn: (said(conn), hid(conn)))
        finally:
            await store.aclose()
    day = in_the_lab(story)
    assert sorted(told) == sorted(written(each) for each in day.told)
    hidden = [each for each in day.hidden if not each.shadow]
    assert sorted(kept) == sorted((each.by, each.rule, seq, each.at) for each in hidden for seq in each.seqs)


def written(effect: Notify) -> Said:
    sinks = () if effect.shadow else tuple(sorted(effect.sinks))
    seqs = tuple(event.seq for event in sorted(effect.events, key=lambda event: event.seq))
    return (effect.rule, effect.reason.value, sinks, seqs, effect.at, effect.text.title, effect.text.plain)
