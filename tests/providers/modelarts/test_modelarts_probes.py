"""What `check --online` tries of a ModelArts account: every workspace, a job, both catalogues, the workspaces."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from monitor.providers.modelarts.emulator import refuse
from monitor.providers.modelarts.options import Options
from monitor.providers.modelarts.provider import build
from monitor.wire import Fault, FaultKind, Http
from tests.kit.clock import VirtualClock


async def test_each_probe_is_one_request_and_says_what_it_saw_without_names(staged: Any) -> None:
    async with staged(workspaces=["0", "ws1"]) as stage:
        stage.emulator.world.add_job("secret-project")
        provider = stage.provider(jobs={"workspaces": ["0", "ws1"]}, training_flavors=None)
        said = {probe.what: await probe.ask() for probe in provider.probes()}
        assert said["list the training jobs of workspace 0"] == "1 job"
        assert said["list the training jobs of workspace ws1"] == "0 jobs"
        assert said["read a training job"] == ""
        assert said["list the workspaces"] == "2 workspaces: 0, ws1"
        assert "secret-project" not in repr(said)
        assert stage.emulator.requests.total() == len(said) == 6
        assert stage.emulator.requests["show"] == 1


async def test_only_what_is_watched_is_needed(staged: Any) -> None:
    async with staged() as stage:
        needed = {probe.what: probe.watch for probe in stage.provider(jobs=None, training_flavors=None).probes()}
    assert needed == {
        "list the training flavors": None,
        "list the resource flavors and their stock": "resource_flavors",
        "list the workspaces": None,
    }


async def test_a_read_may_be_tried_where_there_is_no_job_at_all(staged: Any) -> None:
    async with staged() as stage:
        probes = {probe.what: probe for probe in stage.provider().probes()}
        assert await probes["read a training job"].ask() == ""
        assert stage.emulator.requests["show"] == 1


async def test_workspaces_in_another_shape_are_senseless_and_not_none(staged: Any) -> None:
    from monitor.emulation import Reply

    async with staged() as stage:
        stage.faults.add(Reply(status=200, body=b'{"workspaces":[7]}'), operation="workspaces")
        (probe,) = [probe for probe in stage.provider().probes() if probe.what == "list the workspaces"]
        with pytest.raises(Fault) as caught:
            await probe.ask()
    assert caught.value.kind is FaultKind.SENSELESS


@pytest.mark.parametrize(
    ("changes", "remarks"),
    [
        ({"region": "cn-north-4", "endpoint": "https://modelarts.cn-south-1.myhuaweicloud.com"}, 1),
        ({"region": "cn-north-4", "endpoint": "https://modelarts.cn-north-4.myhuaweicloud.com"}, 0),
        ({"region": "cn-north-4", "endpoint": "https://proxy.example.org"}, 0),
        ({"region": None, "endpoint": "https://modelarts.cn-south-1.myhuaweicloud.com"}, 0),
    ],
)
async def test_a_region_that_does_not_fit_the_endpoint_is_remarked(
    staged: Any, changes: dict[str, Any], remarks: int
) -> None:
    async with staged() as stage:
        assert len(stage.provider(**changes).remarks()) == remarks


class NoNames(AbstractResolver):
    """A name service that knows nobody."""

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:
        raise OSError(f"no {host}")

    async def close(self) -> None: ...


@pytest.mark.parametrize(
    ("place", "named"),
    [
        ({"region": "cn-nort-4", "access_key": "a", "secret_key": "s"}, "region"),
        ({"region": "cn-nort-4", "iam": {"user": "u", "password": "p", "domain": "d"}}, "region"),
        ({"endpoint": "https://typo.example.org", "access_key": "a", "secret_key": "s"}, "endpoint"),
        ({"region": "cn-north-4", "iam": {"user": "u", "password": "p", "domain": "d", "endpoint": "http://i.example"}},
         "iam.endpoint"),
    ],
)  # fmt: skip
async def test_a_host_that_is_not_found_is_told_with_the_key_of_the_config_that_it_comes_from(
    place: dict[str, Any], named: str
) -> None:
    options = Options.model_validate({"name": "a", "provider": "modelarts", "project_id": "p", "jobs": {}, **place})
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=NoNames())) as session:
        probe = build(options, Http(session), VirtualClock()).probes()[0]
        with pytest.raises(Fault) as fault:
            await probe.ask()
    assert fault.value.hint == f"check `{named}` and DNS"


async def test_whether_jobs_may_be_deleted_is_asked_of_an_id_that_no_job_has(staged: Any) -> None:
    async with staged() as stage:
        stage.emulator.world.add_job("one", phase="Completed")
        probe = stage.provider().deletion_probe()
        assert (probe.watch, probe.permission) == (None, "modelarts:trainJob:delete")
        assert (await probe.ask()).startswith("allowed")
        stage.faults.add(refuse(403, "ModelArts.2784", "no"), operation="delete")
        with pytest.raises(Fault) as caught:
            await probe.ask()
        assert caught.value.kind is FaultKind.UNAUTHORIZED
        assert [job.deleting for job in stage.emulator.world.jobs.values()] == [False]
