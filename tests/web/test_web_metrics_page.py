"""The page of metrics: its forms, its labels, and what must not be on it."""

from __future__ import annotations

import subprocess
from shutil import which

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse

from monitor.actions.quota_watch import QuotaWatch
from monitor.fields.bell import Broadcast
from monitor.model import Text
from monitor.telemetry.measures import COUNTED, IN_MEMORY, READ
from tests.kit.outbox import eventually, said
from tests.web.scraped import HOSTILE, SECRET, numbers, scene, spent, value


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", "text/plain; version=0.0.4; charset=utf-8"),
        ("*/*", "text/plain; version=0.0.4; charset=utf-8"),
        ("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5", "application/openmetrics-text"),
    ],
)
async def test_whoever_asks_for_openmetrics_gets_it(accept: str, content_type: str) -> None:
    async with scene() as on:
        await on.rig.poll()
        page = await on.exposer().exposition(accept)
    assert page.content_type.startswith(content_type)
    text = page.body.decode()
    openmetrics = "openmetrics" in page.content_type
    seen = numbers((parse_openmetrics if openmetrics else parse)(text))
    assert seen["scrape_failed"] == 0
    assert text.endswith("# EOF\n") is openmetrics
    assert "_created" not in text


async def test_nothing_secret_no_job_and_nothing_unescaped_is_on_the_page() -> None:
    async with scene() as on, on.outbox() as outbox:
        await on.rig.poll()
        job = on.emulator.world.add_job(f"job {SECRET}", phase="Running")
        await on.rig.poll()
        router = on.router(outbox)
        while await router.turn():
            pass
        await said(on.rig.store, "hook", SECRET, on.clock.now(), text=Text(title=SECRET, plain=SECRET, markdown=SECRET))
        await eventually(lambda: on.server.got)
        on.metrics.polled("ascend", HOSTILE, "good", 0.1)  # a workspace is written by people
        page = (await on.exposer().exposition()).body.decode()
    for secret in (SECRET, "AKDEMO", "SKDEMO"):
        assert secret not in page
    assert str(getattr(job, "job_id", job)) not in page
    assert 'watch="jobs/space \\"of\\" \\\\ the\\nnight"' in page


async def test_every_metric_of_the_table_is_on_the_page_with_its_labels_and_no_other() -> None:
    async with scene() as on, on.outbox() as outbox:
        on.emulator.world.add_job("one", phase="Running")
        await on.rig.poll()
        on.emulator.world.add_job("two", phase="Running")
        await on.rig.poll()
        await QuotaWatch(on.rig.store, on.rig.poller.reaches, (), on.clock, Broadcast()).turn()
        await spent(on, 10, "0.5")
        await on.router(outbox).turn()
        await eventually(lambda: value(on, "delivery_attempts_total{outcome=delivered,sink=hook}"))
        families = {f.name: f for f in parse((await on.exposer().exposition()).body.decode())}
    own = {name for name in families if name.startswith("training_monitor_")}
    measures = (*COUNTED, *IN_MEMORY, *READ)
    assert own == {measure.full_name.removesuffix("_total") for measure in measures}
    for measure in measures:
        family = families[measure.full_name.removesuffix("_total")]
        assert family.type == measure.kind
        assert family.documentation == measure.meaning
        assert family.samples, measure.name
        assert {tuple(sorted(sample.labels.keys() - {"le"})) for sample in family.samples} == {
            tuple(sorted(measure.labels))
        }


async def test_promtool_has_nothing_to_say() -> None:
    promtool = which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed: apt-get install prometheus")
    async with scene() as on:
        await on.rig.poll()
        page = (await on.exposer().exposition()).body
    done = subprocess.run([promtool, "check", "metrics"], input=page, capture_output=True, timeout=30, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, b"")
