"""Progress: on a terminal, after a moment, and gone at the end; nowhere else."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from monitor.cli.outcomes import Lines
from tests.kit.installed import Installed

ROOT = str(Path(__file__).parents[2])
SLOW = """
import sys, threading
from monitor.cli import progress
from monitor.cli.out import line
progress.AFTER = {after}
shown = threading.Event()
begin = progress._Spinner._begin
def told(self):
    begin(self)
    shown.set()
progress._Spinner._begin = told
with progress.progress("Reading the [bold]whole …") as say:
    say("1 of 2")
    shown.wait({wait})
line("done")
print("rich.console" in sys.modules)
"""


def on_terminal(installed: Installed, program: str, **extra: str) -> str:
    """What a terminal gets of stdout and stderr."""
    leader, follower = os.openpty()
    environ = installed.environ(**{"PYTHONPATH": ROOT, "TERM": "xterm", **extra})
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=follower, stderr=follower, env=environ, cwd=installed.root) as process:
        os.close(follower)
        shown = b""
        try:
            while part := os.read(leader, 65536):
                shown += part
        except OSError:  # the terminal's other end is gone: the process has ended
            pass
        assert process.wait(timeout=30) == 0
    os.close(leader)
    return shown.decode()


def test_what_takes_long_is_told_and_goes(bare: Installed) -> None:
    shown = on_terminal(bare, SLOW.format(after=0, wait=10))
    assert "1 of 2" in shown
    assert shown.endswith("done\r\nTrue\r\n")
    assert "\x1b[2K" in shown.split("1 of 2")[-1], "the line is cleared at the end"


def test_what_is_quick_says_nothing_and_loads_nothing(bare: Installed) -> None:
    assert on_terminal(bare, SLOW.format(after=30, wait=0)) == "done\r\nFalse\r\n"


def test_a_dumb_terminal_and_a_pipe_get_nothing(bare: Installed) -> None:
    assert on_terminal(bare, SLOW.format(after=0, wait=0), TERM="dumb") == "done\r\nFalse\r\n"
    environ = bare.environ(PYTHONPATH=ROOT)
    command = [sys.executable, "-c", SLOW.format(after=0, wait=0)]
    begun = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, env=environ, check=True)
    assert (done.stdout, done.stderr) == ("done\nFalse\n", "")
    assert time.monotonic() - begun < 20


def test_where_no_terminal_shows_how_far_deletions_are_a_line_does_now_and_then() -> None:
    lines = Lines(100.0)
    assert [now for now in range(100, 180) if lines.due(now)] == [110, 140, 170]
