"""The demo as a newcomer meets it: a story within the minute, through a pipe, clean on Ctrl-C, nothing left behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import time
from pathlib import Path

import pytest

from tests.kit.forked import PROGRAM, command, warmed
from tests.kit.until import BUSY, until

CHAPTERS = (
    r"fine-tune “客服问答-v3” was submitted",
    r"fine-tune “客服问答-v3” succeeded in \d+ min",
    r"Used: 1,482,240 tokens \(44\.47 CNY\)",
    r"fine-tune “contract-extraction” failed after",
    r"Why: OutOfMemory: CUDA out of memory at step 412",
    r"in cn-north-7a is sold out, after",
    r"in cn-north-7a is in stock again, after \d+ min",
    r"training job “pangu-pretrain” succeeded in",
    r"owner Ann",
)


async def demo(folder: Path, *arguments: str, fresh: bool = False) -> asyncio.subprocess.Process:
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "TMPDIR": str(folder), "LANG": "C.UTF-8"}
    begun = [str(PROGRAM), "demo", *arguments] if fresh else command("demo", *arguments)
    return await asyncio.create_subprocess_exec(
        *begun, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=environ,
        pass_fds=[warmed().fileno()],
    )  # fmt: skip


@pytest.mark.slow
async def test_the_whole_story_is_told_and_nothing_is_left_behind(tmp_path: Path) -> None:
    process = await demo(tmp_path, "--for", "12", "--speed", "360")
    out, err = await asyncio.wait_for(process.communicate(), 60)
    text = out.decode()
    assert process.returncode == 0
    assert err == b"", err.decode()
    for chapter in CHAPTERS:
        assert re.search(chapter, text, re.IGNORECASE), (chapter, text)
    assert "\x1b" not in text, "no colours through a pipe"
    assert text.rstrip().endswith("nothing of it is left on this machine.")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_it_cleanly_in_the_middle(how: signal.Signals, tmp_path: Path) -> None:
    process = await demo(tmp_path, "--speed", "240")
    assert process.stdout is not None
    line = b""
    while b"submitted" not in line:
        line = await asyncio.wait_for(process.stdout.readline(), 30)
        assert line, "it ended by itself"
    begun = time.monotonic()
    process.send_signal(how)
    out, err = await asyncio.wait_for(process.communicate(), 12 + BUSY)
    assert time.monotonic() - begun < 10 + BUSY
    assert process.returncode == 0
    assert err == b"", err.decode()
    assert out.decode().rstrip().endswith("nothing of it is left on this machine.")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("line", ["", "Two emulated platforms", "The same as a page"])
async def test_ctrl_c_is_its_end_at_any_moment_and_one_more_changes_nothing(line: str, tmp_path: Path) -> None:
    """`""`: while it is still being loaded, and then nothing is said."""
    process = await demo(tmp_path, fresh=not line)
    assert process.stdout is not None
    if line:
        while line.encode() not in (said := await asyncio.wait_for(process.stdout.readline(), 30)):
            assert said, "it ended by itself"
    else:
        await until(lambda: b"uvloop" in Path(f"/proc/{process.pid}/maps").read_bytes())
    with contextlib.suppress(ProcessLookupError):
        for pause in (0.0, 0.02, 0.1, 0.3):
            await asyncio.sleep(pause)
            process.send_signal(signal.SIGINT)
    _, err = await asyncio.wait_for(process.communicate(), 12 + BUSY)
    assert (process.returncode, err) == (0, b"")
    assert list(tmp_path.iterdir()) == []


async def test_a_reader_that_leaves_ends_it_without_a_word(tmp_path: Path) -> None:
    process = await demo(tmp_path, "--speed", "240")
    assert process.stdout is not None
    await asyncio.wait_for(process.stdout.readline(), 30)
    process._transport.get_pipe_transport(1).close()  # type: ignore[attr-defined]
    err = await asyncio.wait_for(process.stderr.read(), 30) if process.stderr else b""
    await asyncio.wait_for(process.wait(), 10)
    assert b"Traceback" not in err
    assert list(tmp_path.iterdir()) == []
