"""`make fuzz`: every parser for a while, coverage-guided; says how many inputs each took, and keeps what broke one."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.fuzz.all_parsers import PARSERS
from tests.fuzz.parser import MOST, Parser

KEPT = Path("build/fuzz")
"""Inputs that reached new code, for the next run to begin with, and `crash-…`, those that broke a parser."""


def main() -> int:
    asked = argparse.ArgumentParser(prog="make fuzz")
    asked.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(PARSERS)}")
    asked.add_argument("--seconds", type=int, default=60, help="for each parser")
    asked.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    given = asked.parse_args()
    if wrong := [name for name in given.names if name not in PARSERS]:
        asked.error(f"there is no parser {wrong[0]!r}")
    waiting = [PARSERS[name] for name in given.names or PARSERS]
    broken = 0
    while waiting:
        together, waiting = waiting[: given.jobs], waiting[given.jobs :]
        runs = [(parser, *begin(parser, given.seconds)) for parser in together]
        broken += sum(end(*run) for run in runs)
    return 1 if broken else 0


def begin(parser: Parser, seconds: int) -> tuple[subprocess.Popen[bytes], Path]:
    """The run, and where it writes what it says."""
    folder = KEPT / parser.name.replace(" ", "-").replace("'", "")
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(parser.seeds):
        (folder / f"seed-{number}").write_bytes(seed)
    dictionary = folder.with_suffix(".dict")
    dictionary.write_text("".join(f'"{_escaped(word)}"\n' for word in parser.words if 0 < len(word) <= 60))
    options = [f"-max_total_time={seconds}", f"-max_len={MOST // 8}", "-timeout=20", "-rss_limit_mb=2048"]
    options += [f"-dict={dictionary}", f"-artifact_prefix={folder}-", "-print_final_stats=1", "-verbosity=1"]
    log = Path(tempfile.mkstemp(prefix="fuzz-", suffix=".log")[1])
    command: Sequence[str] = [sys.executable, "-m", "tests.fuzz.drive", parser.name, *options, str(folder)]
    with log.open("wb") as output:
        return subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT), log


def end(parser: Parser, run: subprocess.Popen[bytes], log: Path) -> bool:
    """Waits for it and tells; whether it broke."""
    code = run.wait()
    text = log.read_text(errors="replace")
    log.unlink()
    count, cover = _last(r"stat::number_of_executed_units: (\d+)", text), _last(r"cov: (\d+)", text)
    peak = _last(r"stat::peak_rss_mb: +(\d+)", text)
    fine = code == 0
    sys.stdout.write(
        f"{parser.name:28} {count:>9} inputs  {cover:>5} places  {peak:>4} MB  {'ok' if fine else 'BROKEN'}\n"
    )
    sys.stdout.flush()
    if not fine:
        sys.stdout.write(text[-6000:])
    return not fine


def _last(pattern: str, text: str) -> str:
    found = re.findall(pattern, text)
    return found[-1] if found else "?"


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


if __name__ == "__main__":
    sys.exit(main())
