"""`config reload` over the control socket: what changed is answered, and why where nothing did."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from monitor.app.wishes import Verdict
from monitor.cli.over_socket import OverSocket
from tests.app.test_app_reload_changes import Stage, stage
from tests.app.test_app_reload_store import without
from tests.kit.forked import program_in, warmed
from tests.kit.installed import Installed
from tests.kit.living import Living, living
from tests.kit.until import BUSY, until


async def command(life: Living, *more: str) -> tuple[int, str]:
    run = await asyncio.create_subprocess_exec(
        "training-monitor", "config", "reload", "--config", str(life.path), *more, env=program_in(life.path.parent),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, pass_fds=[warmed().fileno()],
    )  # fmt: skip
    out, _ = await asyncio.wait_for(run.communicate(), 60)
    return run.returncode or 0, out.decode()


def with_rules(it: Stage, *names: str) -> dict[str, Any]:
    return it.config(rules=[{"name": name, "on": ["job.*"], "notify": ["inbox"]} for name in names])


async def test_the_command_says_what_changed_and_what_is_wrong(tmp_path: Path) -> None:
    async with stage() as it, living(tmp_path, with_rules(it, "a")) as life:
        assert await command(life) == (0, "The config was reloaded; nothing in it has changed.\n")
        life.config(with_rules(it, "b", "c"))
        code, said = await command(life, "--output", "json")
        assert code == 0
        assert json.loads(said) == {"changed": {"rules": "b, c added; a removed"}, "problems": [], "waits": None}
        life.config(it.config(rules=[{"name": "a", "on": ["job.*"], "notify": ["nobody"]}]))
        code, said = await command(life)
        assert code == 2
        assert "The config was rejected; the one before goes on." in said
        assert "rules[0].notify[0]: " in said
        assert "hint: Mend it" in said
        life.path.write_text("accounts: [}")
        code, said = await command(life)
        assert (code, f"{life.path}:1:12: " in said) == (2, True), said
        assert "a daemon that runs was not asked and goes on as before" in " ".join(said.split())
        asked = life.loads
        life.path.write_text(f"accounts: [}}\nstate_dir: {tmp_path / 'state'}\n")
        code, said = await command(life)
        assert (code, "The config was rejected; the one before goes on." in said) == (2, True), said
        assert life.loads == asked + 1, "the daemon itself has read it"
        life.config(with_rules(it, "b"))
    code, said = await command(life)
    assert code == 1
    assert "No daemon runs here" in said


async def test_what_waited_for_a_sink_that_was_removed_is_counted_in_the_answer(tmp_path: Path) -> None:
    async with stage() as it:
        it.hook.answers["/slow"] = [500] * 99
        rules = [*it.config()["rules"], {"name": "slow", "on": ["monitor.started"], "notify": ["slow"]}]
        async with living(tmp_path, it.config(rules=rules, sinks=[*it.config()["sinks"], it.hooked("slow")])) as life:
            await until(lambda: it.hook.got)
            life.config(it.config())
            code, said = await command(life)
    assert (code, said.splitlines()[-1]) == (0, "  messages given up: 1 that waited for slow"), said


async def test_a_reload_that_waits_for_the_store_is_not_done_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.web.reload.PATIENCE", 0.3)
    async with stage() as it, living(tmp_path, with_rules(it, "a")) as life:
        await until(lambda: it.studio.requests["list"])
        life.config(with_rules(it, "b"))
        with without("health", tmp_path):
            code, said = await command(life)
            assert code == 3, said
            words = " ".join(said.split())
            assert "error: The reload is not done yet: the store cannot be written: " in words
            assert "messages" not in words
            assert "hint: It goes on by itself" in words
            assert "training-monitor doctor" in words
            code, said = await command(life, "--output", "json")
            document, _ = json.JSONDecoder().raw_decode(said, said.index("{"))
            assert (code, document["changed"], document["problems"]) == (3, None, [])
            assert document["waits"].startswith("the store cannot be written: ")


async def test_a_reload_that_waits_for_a_message_names_its_sink(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.web.reload.PATIENCE", 0.3)
    async with stage() as it:
        it.hook.hold("/slow")
        rules = [{"name": "all", "on": ["monitor.started"], "notify": ["slow"]}]
        config = it.config(rules=rules, sinks=[it.hooked("slow")])
        async with living(tmp_path, config) as life:
            await until(lambda: it.hook.got)
            life.config({**config, "sinks": [it.hooked("slow", timeout="20s")]})
            code, said = await command(life)
            assert code == 3, said
            assert "not done yet: what is being sent to slow has not arrived yet" in " ".join(said.split())
            it.hook.release("/slow")
            await until(lambda: life.readies == 2, why="it does not go on")
            code, said = await command(life)
            assert (code, said) == (0, "The config was reloaded; nothing in it has changed.\n")


async def test_a_config_that_was_rejected_is_known_until_another_one_is_taken(tmp_path: Path) -> None:
    def asked() -> tuple[list[str], list[str], list[dict[str, str]]]:
        status = OverSocket(tmp_path / "state" / "control.sock").send("GET", "/api/v1/status", ())[1]
        doctor = json.loads(Installed(tmp_path).run("doctor", "--output", "json").stdout)
        known = [finding for finding in doctor if finding["about"] == "config" and "the daemon" in finding["text"]]
        return status["troubles"], status["rejected"], known

    async with stage() as it, living(tmp_path, with_rules(it, "a")) as life:
        life.path.write_text(life.path.read_text() + "\nnonsense: 1\nmore: 2\n")
        life.bell.ring()
        await until(lambda: life.loads == 2, why="nobody reads it")
        await command(life)
        troubles, rejected, known = await asyncio.to_thread(asked)
        assert (len(rejected), "nonsense" in rejected[0]) == (2, True)
        assert troubles == [f"the config was rejected, the one before goes on: {rejected[0]} and 1 more"]
        assert [finding["state"] for finding in known] == ["warning"]
        assert known[0]["text"].endswith(f"goes on by the one before: {rejected[0]} and 1 more")
        assert "training-monitor config reload" in known[0]["mend"]
        await life.reload(with_rules(it, "a"))
        assert await asyncio.to_thread(asked) == ([], [], [])


def test_a_verdict_is_one_line_for_the_status_of_the_service() -> None:
    assert str(Verdict()) == "config reloaded (nothing in it has changed)"
    assert str(Verdict(changed={"rules": "b added", "sinks": "c removed"})) == (
        "config reloaded (rules: b added, sinks: c removed)"
    )
    assert str(Verdict(problems=["x.yaml:1:1: no", "x.yaml:2:1: nor this"])) == (
        "config rejected (x.yaml:1:1: no and 1 more)"
    )


@pytest.mark.slow
async def test_the_end_answers_who_waits_for_a_reload_and_is_not_held_up(tmp_path: Path) -> None:
    async with stage() as it:
        it.hook.hold("/slow")
        rules = [{"name": "all", "on": ["monitor.started"], "notify": ["slow"]}]
        config = it.config(rules=rules, sinks=[it.hooked("slow")])
        begun = 0.0
        async with living(tmp_path, config) as life:
            await until(lambda: it.hook.got)
            life.config({**config, "sinks": [it.hooked("slow", timeout="20s")]})
            asked = asyncio.create_task(command(life))
            await until(lambda: life.loads == 2, why="nobody reads it")
            begun = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - begun < 10 + BUSY
        code, said = await asked
        assert code == 1, said
        assert "The daemon ends." in said or "ended while" in said
        it.hook.release("/slow")
        async with living(tmp_path, config):
            await until(lambda: len(it.hook.got) >= 2, why="what was in flight is lost")
        assert it.hook.got[0].id == it.hook.got[1].id
