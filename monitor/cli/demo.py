"""`demo`: the sandbox and the whole daemon in one process, and each message as a person would get it."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.ending import until_ctrl_c

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from aiohttp import web
    from anyio import CancelScope

    from monitor.fields import Clock

SPEED = 60.0
MARGIN = 7
"""Cells before a message's text."""
CONFIG = """\
http: {{listen: "127.0.0.1:0"}}
control: {{socket: off}}
accounts:
  - name: llm-beijing
    provider: model-studio
    api_key: sk-demo
    endpoint: {platforms}/api/v1
    job_cap: 500
    jobs: {{every: 30s}}
  - name: ascend-north
    provider: modelarts
    region: cn-north-4
    endpoint: {platforms}
    project_id: p-demo
    access_key: AKDEMO
    secret_key: SKDEMO
    jobs: {{every: 30s}}
    training_flavors: {{every: 15m, flavor_type: Ascend}}
    resource_flavors: {{every: 60s}}
people:
  - {{name: Ann, ids: ["model-studio:1396993924585947", "modelarts:ann"], notify: [terminal]}}
prices:
  - {{provider: model-studio, model: qwen3-14b, per_1k_tokens: 0.03, currency: CNY, since: 2026-01-01}}
  - {{provider: model-studio, model: qwen3-8b, per_1k_tokens: 0.006, currency: CNY, since: 2026-01-01}}
  - {{provider: model-studio, model: qwen3-32b, per_1k_tokens: 0.04, currency: CNY, since: 2026-01-01}}
sinks:
  - {{name: terminal, type: webhook, url: "{inbox}", secret: demo-secret}}
rules:
  - {{name: jobs, on: [job.submitted, job.started, job.finished, job.gone], notify: [owner, terminal]}}
  - name: stock
    on: [flavor.sold_out, flavor.restocked]
    when: flavor.id.contains("snt9b")
    notify: [terminal]
  - {{name: usage, on: ["usage.*"], when: "usage.tokens > 2000000", notify: [terminal]}}
  - {{name: accounts, on: ["account.*", "provider.*"], notify: [terminal]}}
unmatched: {{notify: [terminal], min_severity: critical}}
"""


def demo(
    seconds: Annotated[
        float | None,
        typer.Option("--for", metavar="SECONDS", min=1, help="End by itself after that many seconds; default: Ctrl-C."),
    ] = None,
    speed: Annotated[
        float, typer.Option("--speed", metavar="TIMES", min=1, max=600, help="How fast its time passes.")
    ] = SPEED,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Another seed, another story.")] = 1,
) -> None:
    """Shows a living story of two emulated platforms, without any account."""
    import sys
    from functools import partial

    with until_ctrl_c():
        from monitor.app.run import run_loop
        from monitor.telemetry.setup import set_up

        set_up(sys.stderr, level="warning", human=None)
        run_loop(partial(_play, seconds, speed, seed))


async def _play(seconds: float | None, speed: float, seed: int) -> None:
    """Everything lives in a temporary folder and on free ports of 127.0.0.1, and goes with the command."""
    import os
    import tempfile

    import anyio

    from monitor.app.daemon import daemon
    from monitor.app.signals import Signals
    from monitor.fields.clock import FastClock
    from monitor.sandbox.server import emulators, serving
    from monitor.settings import load

    clock = FastClock(speed)
    platforms = emulators(clock, seed=seed)
    async with AsyncExitStack() as stack:
        signals = stack.enter_context(Signals(patient=True))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="training-monitor-demo-")))
        address = await stack.enter_async_context(serving(platforms))
        inbox = _Inbox(clock)
        url = await stack.enter_async_context(inbox)
        config = folder / "training-monitor.yaml"
        config.write_text(CONFIG.format(platforms=address, inbox=url) + f"state_dir: {folder}\n")
        settings = load(config, resolve=True, environ=os.environ, credentials_dir=None)
        _welcome(speed, seconds)

        async def stop() -> str:
            with anyio.move_on_after(seconds):
                async with anyio.create_task_group() as first:
                    for ending in (signals.first, inbox.reader_left.wait):
                        first.start_soon(_end, ending, first.cancel_scope)
            return "the demo is over"

        async with anyio.create_task_group() as group:
            group.start_soon(_tell, clock, platforms)
            await daemon(settings, clock, stop=stop, ready=_page)
            group.cancel_scope.cancel()
    if not inbox.reader_left.is_set():
        _goodbye()


async def _tell(clock: Clock, platforms: Mapping[str, Any]) -> None:
    """Plays the story once the daemon knows what was there before, so that all of it is news."""
    import anyio

    from monitor.sandbox.story import first_hour, play

    studio, arts = platforms["model-studio"].requests, platforms["modelarts"].requests
    while min(studio["list"], arts["search"], arts["resource_flavors"] + 1) < 2:  # noqa: ASYNC110 - nobody rings
        await anyio.sleep(0.05)
    await play(clock, first_hour(platforms))


async def _end(ending: Callable[[], Awaitable[object]], scope: CancelScope) -> None:
    await ending()
    scope.cancel()


class _Inbox:
    """A webhook receiver that prints each message."""

    def __init__(self, clock: Clock) -> None:
        import anyio

        self._clock = clock
        self.reader_left = anyio.Event()
        """Set when nobody reads what the demo prints: `demo | head`."""

    async def __aenter__(self) -> str:
        from aiohttp import web

        app = web.Application()
        app.router.add_post("/inbox", self._take())
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}/inbox"

    async def __aexit__(self, *error: object) -> None:
        await self._runner.cleanup()

    def _take(self) -> Callable[[web.Request], Awaitable[web.Response]]:
        from aiohttp import web

        async def take(request: web.Request) -> web.Response:
            try:
                _show(await request.json(), self._clock)
            except BrokenPipeError:
                self.reader_left.set()
            return web.Response(status=204)

        return take


def _show(message: dict[str, str], clock: Clock) -> None:
    import sys

    from monitor.cli import out
    from monitor.cli.table import wrapped
    from monitor.telemetry.printable import printable

    colour = {"warning": "33", "critical": "31"}.get(message["severity"], "36")
    bold, plain = (f"\x1b[1;{colour}m", "\x1b[0m") if out.colours() else ("", "")
    out.line(f"{clock.now():%H:%M}  {bold}{printable(message['title'])}{plain}")
    for text in printable(message["body"], lines=True).splitlines():
        for row in [text] if "://" in text else wrapped(text, out.width() - MARGIN):
            out.line(" " * MARGIN + row)
    out.line()
    sys.stdout.flush()


def _welcome(speed: float, seconds: float | None) -> None:
    import sys

    from monitor.cli import out
    from monitor.cli.table import wrapped

    end = f"for {seconds:g} s" if seconds else "until Ctrl-C"
    for text in (
        f"Two emulated platforms, {speed:g} times as fast as real ones, watched by the real daemon {end}.",
        "Each paragraph is a message as a person would get it; the first comes in a few seconds.",
    ):
        for row in wrapped(text, out.width()):
            out.line(row)
    sys.stdout.flush()


def _page(port: int | None) -> None:
    import sys

    from monitor.cli import out

    out.line(f"The same as a page: http://127.0.0.1:{port}/")
    out.line()
    sys.stdout.flush()


def _goodbye() -> None:
    from monitor.cli import out

    out.line("The demo has ended; nothing of it is left on this machine.")
