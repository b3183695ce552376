"""What all tests share: a skip that counts as a failure in CI, and calm settings for property tests."""

from __future__ import annotations

import gc
import os
import signal
import tempfile
from collections.abc import Generator
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, settings

from tests.kit.forked import WARM, begin_warm

NOTHING_SKIPPED = "TRAINING_MONITOR_CI"
"""Set to 1 by .ci/run: there a test that cannot run is a failure, for a skip hides what it should prove."""

MEMORY, ROOM = "/dev/shm", 3 * 2**30
"""Where the tests keep their files, unless TMPDIR names another place or fewer bytes than ROOM are free there. A disk
makes each commit wait, and what is killed loses nothing there either: the files stay with the kernel."""

# No deadline, for the machines are shared; no example database, for a run leaves nothing behind. A failure prints how
# to repeat it.
settings.register_profile(
    "house", deadline=None, database=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("house")


def pytest_configure(config: pytest.Config) -> None:
    """A shell that runs the tests in the background has them ignore Ctrl-C, and so would every process of theirs."""
    gc.disable()  # what is imported and collected grows and stays: to look through it again and again frees nothing
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if "TMPDIR" not in os.environ and _has_room(MEMORY):
        tempfile.tempdir = MEMORY
    if config.getoption("numprocesses", None):
        os.environ[WARM] = begin_warm()


def _has_room(folder: str) -> bool:
    try:
        found = os.statvfs(folder)
    except OSError:
        return False
    forbidden = found.f_flag & (os.ST_NOEXEC | os.ST_RDONLY)
    return not forbidden and found.f_bavail * found.f_frsize >= ROOM and os.access(folder, os.W_OK)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each process has its share of the long ones among the first three quarters of what it begins with: most of them
    wait, beside which the others keep the cores busy, and none is left over at the end."""
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    slow = [item for item in items if item.get_closest_marker("slow") is not None]
    quick = [item for item in items if item.get_closest_marker("slow") is None]
    shares = [(slow[n::processes], _part(quick, n, processes)) for n in range(processes)]
    items[:] = [item for share in shares for item in _woven(*share)]


def _part(items: list[pytest.Item], n: int, of: int) -> list[pytest.Item]:
    return items[len(items) * n // of : len(items) * (n + 1) // of]


def _woven(slow: list[pytest.Item], quick: list[pytest.Item]) -> list[pytest.Item]:
    step = len(quick) * 3 // 4 // max(len(slow), 1)
    pieces = [[each, *quick[n * step : (n + 1) * step]] for n, each in enumerate(slow)]
    return [*(item for piece in pieces for item in piece), *quick[len(slow) * step :]]


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: no test has the memory of all of it looked through."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    """What a test that runs a part of the program in this process decides for the process counts for no other test."""
    mask = os.umask(0o022)
    os.umask(mask)
    report = yield
    os.umask(mask)
    if structlog.is_configured():
        structlog.reset_defaults()
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    return _refuse_skip(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    return _refuse_skip(report)


def _refuse_skip(report: Any) -> Any:
    if report.outcome != "skipped" or os.environ.get(NOTHING_SKIPPED) != "1" or hasattr(report, "wasxfail"):
        return report
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
    report.outcome = "failed"
    report.longrepr = f"{report.nodeid}: {NOTHING_SKIPPED}=1 lets nothing be skipped: {reason}"
    return report
