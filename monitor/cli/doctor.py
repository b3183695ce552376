"""`doctor`: looks at everything that a running monitor needs, and says of each what is wrong and what mends it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import typer

from monitor.cli.failure import DONE, FAILED, PARTLY, Failure
from monitor.cli.finding import Finding, failed
from monitor.cli.options import Config, Format, Output


def doctor(config: Config = None, output: Format = Output.TABLE) -> None:
    """Says what is wrong, and the command that mends it: config, store, permissions, accounts, messages, machine.

    Changes nothing and contacts no platform. Ends with 0 where all is well, 3 with warnings, 1 where something failed.
    """
    from monitor.cli import out
    from monitor.cli.progress import progress
    from monitor.cli.verdicts import told

    with progress("looking …"):
        found = list(_findings(config))
    if output is not Output.TABLE:
        out.documents(output, (asdict(finding) for finding in found))
    else:
        for finding in found:
            told(finding.state, f"{finding.about}: {finding.text}", *([finding.mend] if finding.mend else []))
    states = {finding.state for finding in found}
    raise typer.Exit(FAILED if "failed" in states else PARTLY if "warning" in states else DONE)


def _findings(config: Path | None) -> Iterator[Finding]:
    from monitor.cli import exam_daemon, exam_files, exam_machine, exam_store
    from monitor.cli.places import config_file

    settings = None
    try:
        path = config_file(config)
        settings, found = exam_files.read(path, os.environ)
        yield from found
        yield from exam_files.permissions(path, settings)
    except Failure as failure:
        named = "" if config is None else f" {shlex.quote(str(config))}"
        yield failed("config", str(failure), f"training-monitor init{named}")
    except PermissionError as error:
        yield failed("config", f"{error.filename} may not be read by this user", "sudo training-monitor doctor")
    alive, found = exam_daemon.running(config)
    yield from found
    yield from exam_daemon.unit()
    if settings is not None:
        yield from exam_store.store(settings)
        yield from exam_store.room(settings)
    if settings is not None or alive:
        yield from exam_daemon.inside(config, alive)
    yield from exam_machine.versions()
    yield from exam_machine.clock()
