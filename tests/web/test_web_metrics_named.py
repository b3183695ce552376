"""What is measured by the names of the config: of sinks when they last did something, and nothing of what is gone."""

from __future__ import annotations

from monitor.rules import RuleOptions
from monitor.sinks.webhook.options import Options
from tests.kit.outbox import eventually, said
from tests.web.scraped import Scene, scene, value

ATTEMPTS = "delivery_attempts_total{outcome=delivered,sink=hook}"


async def test_when_a_sink_last_took_a_message_and_when_its_canary_was_sent_is_told() -> None:
    async with scene() as on:
        on.clock.advance(3600)
        before = await on.scrape()
        await said(on.rig.store, "hook", "one", on.clock.now())
        async with on.outbox():
            await eventually(lambda: value(on, "sink_last_delivery_timestamp_seconds{sink=hook}"))
            await eventually(lambda: value(on, "sink_last_canary_timestamp_seconds{sink=hook}"))
        seen = await on.scrape()
        on.sink = on.sink.model_copy(update={"canary": None})
        without = await on.scrape()
    assert before["sink_last_delivery_timestamp_seconds{sink=hook}"] == 0
    assert seen["sink_last_delivery_timestamp_seconds{sink=hook}"] == on.clock.now().timestamp()
    assert seen["sink_last_canary_timestamp_seconds{sink=hook}"] == on.clock.now().timestamp()
    assert "sink_last_canary_timestamp_seconds{sink=hook}" not in without
    assert without["sink_last_delivery_timestamp_seconds{sink=hook}"] > 0


async def test_what_the_config_calls_otherwise_by_now_is_on_the_page_under_its_new_name_only() -> None:
    async with scene() as on:
        await on.rig.poll()
        await said(on.rig.store, "hook", "one", on.clock.now())
        async with on.outbox():
            await eventually(lambda: value(on, ATTEMPTS))
        before = await on.scrape()
        rename(on)
        first, second = await on.scrape(), await on.scrape()
        on.metrics.attempted("hook", "delivered", 0.1)  # what was under way while it was renamed
        third, fourth = await on.scrape(), await on.scrape()
    old = {key for key in before if "sink=hook" in key or "rule=job-told" in key}
    assert {key.partition("{")[0] for key in old} >= {"delivery_attempts_total", "delivery_duration_seconds_count"}
    for page in (first, second, third, fourth):
        assert not old & page.keys()
        assert page["delivery_attempts_total{outcome=delivered,sink=inbox}"] == 0
        assert page["notifications_total{rule=job-said}"] == 0
        assert page["requests_total{account=ascend,outcome=answered}"] > 0


async def test_the_counts_of_a_name_that_comes_back_begin_anew() -> None:
    """Prometheus takes that for a restart; a number that stood still meanwhile would be of another sink."""
    async with scene() as on:
        hook = on.sink
        on.metrics.attempted("hook", "delivered", 0.1)
        assert (await on.scrape())[ATTEMPTS] == 1
        rename(on)
        await on.scrape()
        on.sink = hook
        assert (await on.scrape())[ATTEMPTS] == 0


def rename(on: Scene) -> None:
    on.sink = Options(name="inbox", type="webhook", url=on.sink.url)
    on.rules = [RuleOptions(name="job-said", on=["job.*"], notify=["inbox"])]  # type: ignore[arg-type]
