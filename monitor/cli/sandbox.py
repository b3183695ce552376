"""`sandbox`: the emulated platforms on one port, for trying a config or a client without an account."""

from __future__ import annotations

from typing import Annotated

import typer

from monitor.cli.ending import until_ctrl_c

CONFIG = """\
# For the emulated platforms of `training-monitor sandbox`, while they run. Their keys are no secrets.
state_dir: ~/.local/state/training-monitor-sandbox
http: {{listen: 127.0.0.1:8650}}
accounts:
  - name: studio
    provider: model-studio
    api_key: sk-demo
    endpoint: {platforms}/api/v1
    job_cap: {job_cap}
    jobs: {{every: 5s}}
  - name: arts
    provider: modelarts
    endpoint: {platforms}
    project_id: p-demo
    access_key: AKDEMO
    secret_key: SKDEMO
    jobs: {{every: 5s}}
    resource_flavors: {{every: 5s}}
sinks:
  - {{name: journal, type: log}}           # the daemon's own output; here your webhook or messenger can stand
rules:
  - {{name: jobs, on: ["job.*"], notify: [journal]}}
  - {{name: cleaning, on: ["deletion.*", "cleanup.*", "quota.*"], notify: [journal]}}
  - {{name: stock, on: [flavor.sold_out, flavor.restocked], notify: [journal]}}
unmatched: {{notify: [journal], min_severity: info}}
"""


def sandbox(
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, metavar="PORT", help="The port on 127.0.0.1; 0 takes a free one.")
    ] = 8651,
    speed: Annotated[
        float,
        typer.Option(
            "--speed", metavar="TIMES", min=0.1, max=3600, help="How fast its time passes; only 1 fits `run`."
        ),
    ] = 1.0,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Another seed, another story.")] = 1,
) -> None:
    """Serves emulated platforms until Ctrl-C; prints a config file that fits them.

    While it runs, `curl http://127.0.0.1:8651/sandbox` names its switches: end a job now, refuse deletions, fill the
    quota.
    """
    from functools import partial

    with until_ctrl_c():
        from monitor.app.run import run_loop

        run_loop(partial(_serve, port, speed, seed))


async def _serve(port: int, speed: float, seed: int) -> None:
    import anyio

    from monitor.app.signals import Signals
    from monitor.cli.failure import Failure
    from monitor.fields.clock import FastClock
    from monitor.sandbox.server import emulators, serving
    from monitor.sandbox.story import first_hour, play
    from monitor.sandbox.switches import Switches

    clock = FastClock(speed)
    platforms = emulators(clock, seed=seed)
    try:
        more = Switches(platforms).routes()
        async with serving(platforms, port=port, more=more) as address, anyio.create_task_group() as group:
            group.start_soon(play, clock, first_hour(platforms))
            with Signals(patient=True) as signals:
                _announce(address, speed)
                await signals.first()
            group.cancel_scope.cancel()
    except OSError as error:
        raise Failure(
            f"The port {port} cannot be used: {error.strerror}.", "Choose another one with --port."
        ) from error


def _announce(address: str, speed: float) -> None:
    """The config goes to stdout and the rest to stderr, so that `> FILE` makes a whole config file."""
    import sys

    from monitor.cli import out
    from monitor.cli.questions import say
    from monitor.sandbox.switches import JOB_CAP

    for text in CONFIG.format(platforms=address, job_cap=JOB_CAP).splitlines():
        out.line(text)
    sys.stdout.flush()
    say(f"Emulated platforms at {address}, {speed:g} times as fast as real ones, until Ctrl-C.")
    if sys.stdout.isatty():
        say("Above is a config file that fits them; `training-monitor sandbox > FILE` writes it.")
    say(f"Its switches (end a job, refuse deletions, fill the quota): curl {address}/sandbox")
    if speed == 1.0:
        say("Elsewhere: training-monitor check --online --config FILE, then training-monitor run --config FILE")
    else:
        say("warning: `run` needs --speed 1; it would take these platforms' clock for a wrong one of its own.")
