"""The `file` sink on real files: whole lines only, after crashes, on full disks, while others move the file away."""

from __future__ import annotations

import asyncio
import fcntl
import json
import multiprocessing
import os
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from pydantic import ValidationError

from monitor.fields import SystemClock
from monitor.model import Delivery, Notification, Outcome, Reason, Receipt, Severity, Text
from monitor.sinks.file.journal import Journal
from monitor.sinks.file.options import Options, size_of
from monitor.sinks.file.rotation import turn_over
from monitor.sinks.file.sink import FileSink, build, line
from monitor.wire import Http, new_session

HOSTILE = "任务“微调” 😀 \n\r\n \u2028\u2029\u0085 \ud800 {}"


def delivery(number: int = 1, plain: str = "plain") -> Delivery:
    said = Notification(
        id=f"n-{number}",
        rule="r",
        severity=Severity.INFO,
        reason=Reason.NEW,
        text=Text(title="t", plain=plain, markdown="**m**"),
        created_at=datetime(2026, 11, 20, tzinfo=UTC),
        events=(),
    )
    return Delivery(id=f"d-{number}", sink="it", attempt=1, notification=said)


@asynccontextmanager
async def sink_to(path: Path, **more: Any) -> AsyncIterator[FileSink]:
    async with new_session() as session:
        sink = build(Options(name="it", type="file", path=str(path), **more), Http(session), SystemClock())
        yield sink
        await sink.aclose()


def journal(path: Path, max_size: int = 1_000_000, keep: int = 3, mode: int = 0o600) -> Journal:
    return Journal(path, max_size=max_size, keep=keep, mode=mode, fsync=False)


def ids(path: Path) -> list[str]:
    """Of every line; each must be whole."""
    return [json.loads(each)["delivery"] for each in path.read_text().splitlines()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "messages.jsonl"


async def test_each_message_is_one_line_that_only_its_owner_reads(path: Path) -> None:
    old = os.umask(0o022)
    try:
        async with sink_to(path) as sink:
            receipts = [await sink.send(delivery(number, HOSTILE)) for number in (1, 2)]
    finally:
        os.umask(old)
    assert receipts == [Receipt(outcome=Outcome.DELIVERED, detail=f"written to {path}")] * 2
    assert ids(path) == ["d-1", "d-2"]
    assert json.loads(path.read_text().splitlines()[1]) == {
        "delivery": "d-2",
        "id": "n-2",
        "rule": "r",
        "severity": "info",
        "title": "t",
        "body": HOSTILE.replace("\ud800", "?"),
        "created_at": "2026-11-20T00:00:00Z",
        "reason": "new",
        "events": [],
    }
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_mode_counts_whatever_the_umask_and_a_file_that_is_there_keeps_its_own(path: Path) -> None:
    old = os.umask(0o077)
    try:
        async with sink_to(path, mode="0644") as sink:
            await sink.send(delivery())
        assert stat.S_IMODE(path.stat().st_mode) == 0o644
        path.chmod(0o660)
        async with sink_to(path, mode="0644") as sink:
            await sink.send(delivery())
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o660


@pytest.mark.parametrize("cut", [1, 5, 40, -1])
def test_half_a_line_that_a_crash_left_is_taken_out_and_never_glued_to_the_next(path: Path, cut: int) -> None:
    path.write_bytes(line(delivery(1)) + line(delivery(2))[:cut])
    journal(path).append(line(delivery(3)))
    assert ids(path) == ["d-1", "d-3"]


def test_half_a_long_line_is_found_to_its_begin(path: Path) -> None:
    path.write_bytes(line(delivery(1)) + line(delivery(2, "x" * 300_000))[:-9])
    journal(path).append(line(delivery(3)))
    assert ids(path) == ["d-1", "d-3"]


def test_what_is_not_ours_is_only_ended_by_a_newline(path: Path) -> None:
    path.write_text("127.0.0.1 localhost")
    journal(path).append(line(delivery(1)))
    assert path.read_text() == "127.0.0.1 localhost\n" + line(delivery(1)).decode()


def test_a_full_file_is_turned_over_and_the_oldest_goes(path: Path) -> None:
    one = journal(path, max_size=3 * len(line(delivery(10))), keep=2)
    for number in range(10, 25):
        one.append(line(delivery(number)))
    found = {each.name: ids(each) for each in path.parent.iterdir()}
    assert found == {
        "messages.jsonl": ["d-22", "d-23", "d-24"],
        "messages.jsonl.1": ["d-19", "d-20", "d-21"],
        "messages.jsonl.2": ["d-16", "d-17", "d-18"],
    }


def test_a_line_longer_than_a_file_may_be_has_one_to_itself(path: Path) -> None:
    one = journal(path, max_size=500, keep=3)
    for number, size in ((1, 10), (2, 5000), (3, 10)):
        one.append(line(delivery(number, "x" * size)))
    assert [ids(path.with_name(name)) for name in ("messages.jsonl.2", "messages.jsonl.1", "messages.jsonl")] == [
        ["d-1"],
        ["d-2"],
        ["d-3"],
    ]


@pytest.mark.parametrize("renamed", [1, 2, 3])
def test_a_crash_in_the_middle_of_turning_over_costs_no_file(path: Path, renamed: int) -> None:
    """Renames run from the oldest on: after some of them a number is missing."""
    for number in range(1, 4):
        path.with_name(f"{path.name}.{number}").write_text(f"old {number}")
    path.write_text("current")
    for number in range(3, 3 - renamed, -1):
        os.replace(path.with_name(f"{path.name}.{number}"), path.with_name(f"{path.name}.{number + 1}"))
    turn_over(path, keep=5)
    assert sorted(each.read_text() for each in path.parent.iterdir()) == ["current", "old 1", "old 2", "old 3"]
    assert path.with_name(f"{path.name}.1").read_text() == "current"


def test_a_file_that_is_moved_away_or_removed_is_made_anew(path: Path) -> None:
    one = journal(path)
    one.append(line(delivery(1)))
    path.rename(path.with_name("moved"))
    one.append(line(delivery(2)))
    path.unlink()
    one.append(line(delivery(3)))
    assert (ids(path.with_name("moved")), ids(path)) == (["d-1"], ["d-3"])


@pytest.mark.parametrize("how", ["", "copytruncate", "create 0600"])
def test_the_real_logrotate_loses_no_line(path: Path, how: str) -> None:
    program = which("logrotate") or which("logrotate", path="/usr/sbin")
    if program is None:
        pytest.skip("logrotate is not installed: apt-get install logrotate")
    rules = path.with_name("rules")
    rules.write_text(f"{path} {{\n rotate 3\n size 1\n {how}\n}}\n")
    rules.chmod(0o600)
    path.parent.chmod(0o700)
    one = journal(path)
    for number in (1, 2, 3):
        one.append(line(delivery(number)))
        if number < 3:
            command = [program, "--force", "--state", str(path.with_name("state")), str(rules)]
            subprocess.run(command, check=True, capture_output=True)
    assert [ids(path.with_name(name)) for name in ("messages.jsonl.2", "messages.jsonl.1", "messages.jsonl")] == [
        ["d-1"],
        ["d-2"],
        ["d-3"],
    ]


def _many(path: Path, name: int, count: int) -> None:
    one = journal(path, max_size=20_000, keep=1000)
    for number in range(count):
        one.append(line(delivery(name * 1000 + number, "x" * (number % 400))))


def test_several_processes_write_whole_lines_and_turn_the_file_over_in_turn(path: Path) -> None:
    processes = [
        multiprocessing.get_context("fork").Process(target=_many, args=(path, name, 150)) for name in (1, 2, 3)
    ]
    for each in processes:
        each.start()
    for each in processes:
        each.join(60)
        assert each.exitcode == 0
    found = sorted(each for file in path.parent.iterdir() for each in ids(file))
    assert found == sorted(f"d-{name * 1000 + number}" for name in (1, 2, 3) for number in range(150))
    assert all(file.stat().st_size <= 20_000 for file in path.parent.iterdir())


def test_a_full_disk_keeps_the_message_waiting_with_nothing_half_written(tmp_path: Path) -> None:
    """On a file system of 64 kB that belongs to this test, in a mount namespace."""
    child = f"""
import json
from dataclasses import replace
from pathlib import Path
from monitor.sinks.file.journal import Journal
from monitor.sinks.file.sink import line
from tests.kit.messages import deliveries
path = Path({str(tmp_path)!r}) / "messages.jsonl"
ids = lambda: [json.loads(each)["delivery"] for each in path.read_text().splitlines()]
made = lambda number: line(replace(deliveries()[0], id=f"d-{{number}}"))
for fsync in (False, True):
    one = Journal(path, max_size=1_000_000, keep=3, mode=0o600, fsync=fsync)
    written = []
    for number in range(100):
        try:
            one.append(made(number))
            written.append(f"d-{{number}}")
        except OSError as error:
            failed = error.strerror or str(error)
            break
    assert 10 < len(written) < 90, written
    assert ids() == written, "half a line was left"
    assert path.read_bytes().endswith(b"\\n")
    with path.open("r+b") as file:
        file.truncate(path.read_bytes().index(b"\\n") + 1)
    one.append(made(200))
    assert ids() == ["d-0", "d-200"]
    path.unlink()
    print(failed)
"""
    mounted = f'mount -t tmpfs -o size=64k tmpfs {tmp_path} && exec {sys.executable} -c "$1"'
    command = ["unshare", "-m", *([] if os.getuid() == 0 else ["-Ur"]), "sh", "-c", mounted, "sh", child]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert all("disk is full" in each or "No space left" in each for each in done.stdout.splitlines())


@pytest.mark.parametrize("wrong", ["no folder", "a folder", "a pipe", "not allowed"])
async def test_what_a_person_can_mend_is_tried_again_and_said(tmp_path: Path, wrong: str) -> None:
    path = tmp_path / "messages.jsonl"
    if wrong == "no folder":
        path = tmp_path / "no" / "messages.jsonl"
    elif wrong == "a folder":
        path.mkdir()
    elif wrong == "a pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/proc/version")
    async with sink_to(path) as sink:
        receipt = await sink.send(delivery())
        assert receipt.outcome is Outcome.RETRY
        assert receipt.detail.startswith(f"cannot write {path}: ")
        if wrong == "no folder":
            assert receipt.detail.endswith(f": there is no directory {path.parent}")
            path.parent.mkdir()
        elif wrong == "a folder":
            path.rmdir()
        else:
            path.unlink()
        assert (await sink.send(delivery())).outcome is Outcome.DELIVERED
    assert ids(path) == ["d-1"]


def test_what_is_in_the_way_of_a_file_is_seen_without_a_message(tmp_path: Path) -> None:
    def way(path: Path) -> tuple[str, bool] | None:
        found = Options(name="log", type="file", path=str(path)).obstacle()
        return None if found is None else (found.detail, found.sure)

    assert way(tmp_path / "messages.jsonl") is None
    assert way(tmp_path / "no" / "messages.jsonl") == (f"there is no directory {tmp_path / 'no'}", True)
    assert way(tmp_path) == (f"{tmp_path} is no file", True)
    assert list(tmp_path.iterdir()) == [], "nothing was made"


async def test_a_disk_that_hangs_keeps_the_slot_for_a_time_and_starts_nothing_more(path: Path) -> None:
    """The lock of another process stands for the disk."""
    path.touch()
    with path.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        async with sink_to(path, timeout="1s") as sink:
            first, second = await sink.send(delivery(1)), await sink.send(delivery(2))
            fcntl.flock(other, fcntl.LOCK_UN)
            for _ in range(100):
                third = await sink.send(delivery(3))
                if third.outcome is Outcome.DELIVERED:
                    break
                await asyncio.sleep(0.02)
    assert (first.outcome, first.detail) == (Outcome.UNKNOWN, f"writing {path} did not end within 1 s")
    assert (second.outcome, second.detail) == (Outcome.RETRY, f"an earlier write to {path} still hangs")
    assert ids(path) == ["d-1", "d-3"]


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("path", "messages.jsonl", "whole path"),
        ("path", "/var/log/", "whole path"),
        ("max_size", "100", "a size like"),
        ("max_size", "1kB", "at least 10kB"),
        ("keep", 0, "greater than or equal to 1"),
        ("mode", 600, "quotation marks"),
        ("mode", "rw", "quotation marks"),
        ("mode", "0444", "read and write"),
    ],
)
def test_wrong_options_are_said(key: str, value: Any, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Options(**{"name": "it", "type": "file", "path": "/x/y", key: value})


def test_sizes_are_read() -> None:
    assert [size_of(each) for each in ("10kB", "1.5MB", "2 GB")] == [10_000, 1_500_000, 2_000_000_000]


async def test_the_same_delivery_written_twice_bears_the_same_id(path: Path) -> None:
    async with sink_to(path) as sink:
        for attempt in (1, 2):
            await sink.send(replace(delivery(), attempt=attempt))
    assert ids(path) == ["d-1", "d-1"]
