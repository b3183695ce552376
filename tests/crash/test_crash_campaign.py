"""The whole daemon, killed again and again all over its cycle: nothing is lost, nothing invented, repeats explained.

`make crash` is the long run of the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.campaign import Campaign
from tests.crash.judge import Judge
from tests.kit.postgres import PostgresServer


async def judged(campaign: Campaign) -> Judge:
    judge = Judge(campaign)
    await judge.look()
    return judge


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_kills_lose_nothing_and_invent_nothing(tmp_path: Path) -> None:
    campaign = Campaign(tmp_path, "sqlite:monitor.db", seed=7)
    await campaign.run(kills=30, terms=3)
    judge = await judged(campaign)
    assert judge.faults == []
    assert campaign.endings.kills.total() == 30
    assert campaign.endings.kills[""] < 20, "the named points were not reached"
    assert judge.figures["transitions"] > 60
    assert judge.figures["why"]["killed before the settling"] > 0, "no kill met a message on its way"

    arrivals = campaign.receiver.arrivals  # and the judge would have seen it
    lost = arrivals[len(arrivals) // 2].id
    campaign.receiver.arrivals = [each for each in arrivals if each.id != lost]
    assert len((await judged(campaign)).faults) == 1
    campaign.receiver.arrivals = [*arrivals, arrivals[0]]
    assert len((await judged(campaign)).faults) > 0
    campaign.receiver.arrivals = arrivals


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.timeout(900)
async def test_kills_of_the_daemon_and_of_the_database_under_it_lose_nothing(
    tmp_path: Path, postgres_server: PostgresServer
) -> None:
    campaign = Campaign(tmp_path, postgres_server.database(), seed=8, postgres=postgres_server)
    await campaign.run(kills=4, terms=2, outages=3)
    judge = await judged(campaign)
    assert judge.faults == []
    assert campaign.endings.kills.total() == 4
    assert campaign.endings.outages.total() == 3
