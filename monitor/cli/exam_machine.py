"""`doctor` on the machine: versions, and whether its clock can be believed."""

from __future__ import annotations

import platform
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

from monitor.cli.finding import Finding, failed, ok, warning

_LIBRARIES = ("aiohttp", "sqlalchemy", "pydantic", "apprise")
_BUILT = datetime(2026, 1, 1, tzinfo=UTC)
"""No right clock is before this."""


def versions() -> Iterator[Finding]:
    from monitor import __version__
    from monitor.store.glance import SQLITE

    found = [
        f"training-monitor {__version__}",
        f"Python {platform.python_version()}",
        f"SQLite {SQLITE}",
    ]
    for name in _LIBRARIES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            yield failed("version", f"the library {name} is not installed", "install training-monitor again")
    yield ok("version", ", ".join(found))


def clock() -> Iterator[Finding]:
    now = datetime.now(UTC)
    if now < _BUILT:
        yield failed("clock", f"this machine thinks that it is {now:%Y-%m-%d}", "timedatectl set-ntp true")
    elif _synchronised() == "no":
        yield warning("clock", "nobody sets this machine's clock", "timedatectl set-ntp true")
    else:
        yield ok("clock", f"{now:%Y-%m-%d %H:%M:%S} UTC; against the platforms: training-monitor check --online")


def _synchronised() -> str:
    """`yes`, `no`, or nothing where nobody knows."""
    if shutil.which("timedatectl") is None:
        return ""
    command = ["timedatectl", "show", "--property=NTPSynchronized", "--value"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)  # noqa: S603 - fixed
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()
