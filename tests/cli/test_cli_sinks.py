"""`sinks test`: through the real outbox, alone and beside a daemon that holds the store."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import anyio
from aiohttp import web

from monitor.delivery import Outbox, SinkEntry
from monitor.fields import SystemClock
from monitor.fields.bell import Bell
from monitor.settings import load
from monitor.sinks import registry
from monitor.store import open_store
from monitor.wire import Http, new_session
from tests.kit.installed import Installed


async def run(installed: Installed, *arguments: str, **environ: str) -> tuple[int, str, str]:
    done = await asyncio.to_thread(installed.fork, *arguments, **environ)
    return done.returncode, done.stdout, done.stderr


class Hook:
    """A webhook's other end; keeps what arrived."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.bodies: list[dict[str, object]] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.bodies.append(json.loads(await request.read()))
        return web.Response(status=self.status)

    async def serve(self) -> tuple[web.AppRunner, str]:
        app = web.Application()
        app.router.add_post("/in", self.answer)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return runner, f"http://127.0.0.1:{runner.addresses[0][1]}/in"


async def test_a_test_message_arrives_without_a_daemon_and_no_other_secret_is_needed(bare: Installed) -> None:
    hook = Hook()
    runner, url = await hook.serve()
    code, out, err = await run(bare, "sinks", "test", "hook", HOOK_URL=url)
    listed = json.loads((await run(bare, "sinks", "list", "--output", "json"))[1])
    await runner.cleanup()

    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == "The test message was delivered to hook through the outbox."
    assert [body["reason"] for body in hook.bodies] == ["test"]
    assert listed[1]["last_delivery"]["state"] == "delivered"


async def test_a_sink_that_refuses_is_said_to_and_ends_with_1(bare: Installed) -> None:
    runner, url = await Hook(404).serve()
    code, out, err = await run(bare, "sinks", "test", "hook", HOOK_URL=url)
    await runner.cleanup()

    assert code == 1
    assert out.startswith("attempt 1: refused: ")
    assert err.startswith("error: The sink refused the test message.\nhint: ")
    assert json.loads((await run(bare, "sinks", "list", "--output", "json"))[1])[1]["given_up"] == 0, (
        "no message is lost"
    )


async def test_a_sink_that_cannot_be_reached_is_tried_until_the_time_is_over(bare: Installed) -> None:
    code, out, err = await run(bare, "sinks", "test", "hook", "--timeout", "1s", HOOK_URL="http://127.0.0.1:1/in")
    assert code == 1
    assert out.startswith("attempt 1: retry: ")
    assert "not delivered within 1 s" in err


async def test_a_missing_secret_is_named_before_anything_is_sent(bare: Installed) -> None:
    code, _, err = await run(bare, "sinks", "test", "hook")
    assert code == 2
    assert "sinks[1].url: the environment variable HOOK_URL is not set" in err
    assert not (bare.state / "monitor.db").exists()


async def test_beside_a_daemon_the_daemon_sends_it(bare: Installed) -> None:
    environ = {"HOME": str(bare.root), "NEVER_SET": "x", "HOOK_URL": "https://example.org"}
    settings = load(Path(bare.config), resolve=True, environ=environ, credentials_dir=None)
    store = await open_store(settings.store, state_dir=settings.state_dir, lock=True)
    try:
        async with new_session() as session, anyio.create_task_group() as group:
            clock = SystemClock()
            sinks = [
                SinkEntry(sink=registry.builder("log")(options, Http(session), clock), options=options)
                for options in settings.sinks
                if options.name == "journal"
            ]
            outbox = Outbox(store, sinks, clock, events=Bell())
            group.start_soon(outbox.run)
            code, out, err = await run(bare, "sinks", "test", "journal")
            outbox.stop()
    finally:
        await store.aclose()

    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == "The test message was delivered to journal by the running daemon."


async def test_a_daemon_that_does_not_send_is_waited_for_no_longer_than_asked(bare: Installed) -> None:
    store = await open_store("sqlite:monitor.db", state_dir=bare.state, lock=True)
    try:
        code, _, err = await run(bare, "sinks", "test", "journal", "--timeout", "1s")
    finally:
        await store.aclose()
    assert code == 1
    assert "still waits after 1 s; the running daemon has not tried it yet." in err
