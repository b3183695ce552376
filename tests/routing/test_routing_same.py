"""The live router tells what `drive` tells over the same events, word for word, whatever rules, events and restarts."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from random import Random

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from monitor.rules import Engine, Heard, Hide, Notify, RuleState, drive
from monitor.store import open_store, read_events
from tests.kit.outbox import START
from tests.kit.story import Said, Story, hid, invent, live_through, said


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import asyncio

    folder = tmp_path_factory.mktemp("migrated")

    async def make() -> None:
        await (await open_store("sqlite:monitor.db", state_dir=folder, lock=True)).aclose()

    asyncio.run(make())
    return folder / "monitor.db"


@settings(max_examples=10, phases=[Phase.generate])
@given(st.integers(0, 2**32), st.integers(2, 7), st.sampled_from((0.0, 0.1, 1.0)))
async def test_live_and_replayed_rules_tell_the_same(migrated: Path, seed: int, rules: int, restarting: float) -> None:
    dice = Random(seed)
    story = invent(dice, 40, rules)
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(migrated, folder)
        store = await open_store("sqlite:monitor.db", state_dir=Path(folder), lock=True)
        try:
            await live_through(store, story, lambda: dice.random() < restarting)
            told, kept, events = await store.read(lambda conn: (said(conn), hid(conn), read_events(conn, limit=10_000)))
        finally:
            await store.aclose()
    engine = Engine(story.ruleset(), RuleState(), Heard(events))
    effects = [*engine.advance(START), *drive(engine, events, story.end)]
    notified = [effect for effect in effects if isinstance(effect, Notify)]
    assert sorted(told) == sorted(written(effect) for effect in notified)
    assert sorted(kept) == sorted(
        (effect.by, effect.rule, seq, effect.at)
        for effect in effects
        if isinstance(effect, Hide) and not effect.shadow
        for seq in effect.seqs
    )


def written(effect: Notify) -> Said:
    sinks = () if effect.shadow else tuple(sorted(effect.sinks))
    seqs = tuple(event.seq for event in sorted(effect.events, key=lambda event: event.seq))
    return (effect.rule, effect.reason.value, sinks, seqs, effect.at, effect.text.title, effect.text.plain)


def test_the_stories_hold_something_of_everything() -> None:
    story: Story = invent(Random(1), 200)
    types = {draft.type.value for step in story.steps for draft in step}
    assert len(types) >= 12
    assert len(story.rules) == 14
