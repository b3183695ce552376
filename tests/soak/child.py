"""The real `training-monitor run` in a process of its own, whose clock runs as fast as that of its platforms.

Arguments: config file, when the clock began (seconds since the epoch, and of the machine's monotonic clock), speed.
"""

from __future__ import annotations

import sys

import monitor.app.run
from monitor.cli.main import entry
from tests.crash.launcher import SharedClock

if __name__ == "__main__":
    config, start, zero, speed = sys.argv[1:]
    vars(monitor.app.run)["SystemClock"] = lambda: SharedClock(float(start), float(zero), float(speed))
    entry(["run", "--config", config, "--log-level", "info"])
