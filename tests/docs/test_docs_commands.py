"""Every command block of the README and of the page on operation is run, or says why not; what is shown is printed."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import pytest

from monitor.fields import SystemClock
from monitor.sandbox.server import emulators, serving
from tests.kit.forked import program_in, warmed
from tests.kit.inbox import Inbox

ROOT = Path(__file__).parents[2]
PAGES = ["README.md", "docs/operation.md"]
BLOCK = re.compile(r"^( *)(?:<!-- (.+?) -->\n+ *)?```(\w*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
SHELL = ("sh", "console")
ENDLESS = "runs until stopped"
SHORT = {"training-monitor demo": "training-monitor demo --for 13 --speed 340"}
"""What is endless on the page, made short: an hour of the story is enough for all that is shown of it."""
CONFIG = """\
state_dir: {folder}/state
http: {{listen: "127.0.0.1:{port}"}}
accounts:
  - name: llm-beijing
    provider: model-studio
    api_key: ${{env:DASHSCOPE_API_KEY}}
    endpoint: {address}/api/v1
    jobs: {{every: 1s}}
  - name: ascend-north
    provider: modelarts
    endpoint: {address}
    project_id: p-demo
    access_key: ${{env:HUAWEICLOUD_SDK_AK}}
    secret_key: ${{env:HUAWEICLOUD_SDK_SK}}
    jobs: {{every: 1s}}
    resource_flavors: {{every: 1s}}
sinks:
  - {{name: team, type: webhook, url: "${{env:INBOX_URL}}"}}
rules:
  - {{name: job-ended, on: [job.finished], notify: [team]}}
unmatched: {{notify: [team], min_severity: critical}}
"""


@dataclass(frozen=True, slots=True)
class Block:
    """A block of commands. `said`: the comment before it; `not run: …` needs a reason."""

    page: str
    said: str
    language: str
    text: str

    @property
    def kept_from(self) -> str:
        return self.said.removeprefix("not run: ") if self.said.startswith("not run") else ""


def blocks(page: str) -> list[Block]:
    found = BLOCK.findall((ROOT / page).read_text())
    return [Block(page, said, language, text) for _, said, language, text in found if language in SHELL]


def commands(block: Block) -> str:
    if block.language == "sh":
        return block.text
    return "".join(line.removeprefix("$ ") + "\n" for line in block.text.splitlines() if line.startswith("$ "))


@dataclass
class Workshop:
    """A folder with a config file, emulated platforms and an inbox, in which commands are run."""

    folder: Path
    port: int
    inbox: str

    async def start(self, script: str) -> asyncio.subprocess.Process:
        for endless, short in SHORT.items():
            script = script.replace(endless, short)
        script = script.replace("127.0.0.1:8650", f"127.0.0.1:{self.port}")
        environ = {
            **program_in(self.folder),
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "COLUMNS": "120",
            "DASHSCOPE_API_KEY": "sk-demo",
            "HUAWEICLOUD_SDK_AK": "AKDEMO",
            "HUAWEICLOUD_SDK_SK": "SKDEMO",
            "TEAM_URL": "json://127.0.0.1/",
            "INBOX_URL": self.inbox,
        }
        return await asyncio.create_subprocess_exec(
            "bash", "-euo", "pipefail", "-c", script, cwd=self.folder, env=environ,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, pass_fds=[warmed().fileno()],
        )  # fmt: skip

    async def run(self, script: str) -> str:
        """What the commands print; they must end with 0."""
        process = await self.start(script)
        out, _ = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == 0, f"{script}\n{out.decode()}"
        return out.decode()

    async def ready(self) -> None:
        """Returns once the daemon is ready."""
        for _ in range(300):
            try:
                await asyncio.to_thread(urlopen, f"http://127.0.0.1:{self.port}/readyz", timeout=5)
                return
            except OSError:  # not listening yet, or 503
                await asyncio.sleep(0.05)
        raise AssertionError("the daemon did not become ready")


@asynccontextmanager
async def workshop(folder: Path) -> AsyncIterator[Workshop]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with serving(emulators(SystemClock())) as address, Inbox() as inbox:
        text = CONFIG.format(folder=folder, port=port, address=address)
        (folder / "training-monitor.yaml").write_text(text)
        yield Workshop(folder, port, inbox.url)


@pytest.mark.parametrize("page", PAGES)
def test_every_block_that_is_not_run_says_why(page: str) -> None:
    found = blocks(page)
    assert found
    assert [block.text for block in found if block.said and not block.kept_from and block.said != ENDLESS] == []
    assert [block.text for block in found if block.said.startswith("not run") and len(block.kept_from) < 8] == []


@pytest.mark.parametrize("page", PAGES)
def test_no_command_hides_outside_a_block_that_is_run(page: str) -> None:
    """Indented blocks and blocks without a language would not be looked at."""
    text = BLOCK.sub("", (ROOT / page).read_text())
    hidden = re.findall(
        r"^(?: {4}|\$ )(?:sudo|make|git|curl|systemctl|sqlite3|training-monitor (?!init  )\w+$).*", text, re.MULTILINE
    )
    assert hidden == []


@pytest.mark.slow
async def test_the_commands_of_the_readme_work_and_say_what_is_shown(tmp_path: Path) -> None:
    async with workshop(tmp_path) as place:
        shown = [block for block in blocks("README.md") if block.language == "console"]
        others = [block for block in blocks("README.md") if block.language == "sh" and not block.kept_from]
        said = asyncio.gather(*(place.run(commands(block)) for block in shown))
        daemon = None
        for block in others:
            if block.said == ENDLESS:
                daemon = await place.start("exec " + block.text.strip())
                await place.ready()
            else:
                await place.run(block.text)
        assert daemon is not None
        daemon.terminate()
        out, _ = await asyncio.wait_for(daemon.communicate(), 20)
        assert daemon.returncode == 0, out.decode()
        for block, printed in zip(shown, await said, strict=True):
            assert missing(block, printed) == [], printed


def missing(block: Block, printed: str) -> list[str]:
    """What is shown on the page and was not printed, whatever the numbers. `…` stands for anything."""
    lines = [line for line in block.text.splitlines() if not line.startswith("$ ")]
    pieces = [piece.strip("\n") for piece in "\n".join(lines).split("…")]
    there = plain(printed)
    return [piece for piece in pieces if piece.strip() and plain(piece) not in there]


def plain(text: str) -> str:
    text = text.replace("at least ", "")  # said where the daemon's first look came after the stock's last change
    text = re.sub(r"\d+ (?:h|min|s)\b(?: \d+ (?:min|s)\b)?", "TIME", text)
    text = re.sub(r"-\d{12}-\w{4}", "-ID", text)
    return " ".join(re.sub(r"\d+", "N", text).split()).lower()


@pytest.mark.slow
async def test_the_commands_of_the_page_on_operation_work(tmp_path: Path) -> None:
    async with workshop(tmp_path) as place:
        await place.run("mkdir state && training-monitor db upgrade")
        ask = "sqlite3 state/monitor.db \"SELECT value FROM meta WHERE key = 'epoch'\""
        before = await place.run(ask)
        for block in blocks("docs/operation.md"):
            if not block.kept_from:
                await place.run(block.text)
        after = await place.run(ask)
        assert len(after) == len(before)
        assert after != before, "a restored database tells what is new under new ids"


def test_what_is_shown_is_compared_word_by_word() -> None:
    block = Block("x", "", "console", "$ training-monitor demo\n…\n04:08  done in 20 min 45 s\n       Rule: jobs\n…\n")
    assert missing(block, "03:01  Done in 1 h 2 min\n   Rule: jobs\n") == []
    assert missing(block, "03:01  Done in 1 h 2 min\n   Rule: stock\n") != []
