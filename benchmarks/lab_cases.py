"""What cases of rules cost: `python benchmarks/lab_cases.py [CASES]` runs `rules test` over a thousand cases of four
kinds, each in a process of its own as people start it; CPU seconds of the whole command."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CASES = 1000
PER_FILE = 100
RULES = """\
rules:
  - {name: ended, on: [job.finished], when: 'job.state != "canceled"', notify: [hook]}
  - {name: stuck, on: [job.queued], for: 2h, remind_every: 6h, notify: [hook]}
  - {name: stock, on: [flavor.sold_out], group_by: [account.name], group_wait: 1m, notify: [hook]}
  - {name: own, on: [job.started], title: '{{ job.name }} runs', notify: [mail]}
cases:
"""
KINDS = (
    """\
  - name: a job that fails is told ({number})
    given: [{job: "a, starts"}, {wait: 1h}, {job: "a, fails"}]
    expect: [{rule: own}, {rule: ended, at: 1h, to: hook}]
""",
    """\
  - name: what waits too long is told again and again ({number})
    given: [{job: "a, queues"}, {wait: 23h}]
    expect: [{rule: stuck, at: 2h}, {rule: stuck}, {rule: stuck}, {rule: stuck}]
""",
    """\
  - name: what starts in time is not stuck ({number})
    given: [{job: "a, queues"}, {wait: 1h}, {job: "a, starts"}]
    expect: [{rule: own, title: a runs}]
""",
    """\
  - name: two zones that sell out together are one message ({number})
    given: [{flavor: "f in a, sells out"}, {flavor: "f in b, sells out"}, {wait: 1h}]
    expect: [{rule: stock, at: 1m}]
""",
)


def write(folder: Path, count: int) -> list[Path]:
    files = []
    for first in range(0, count, PER_FILE):
        numbers = range(first, min(first + PER_FILE, count))
        place = folder / f"cases-{first}.yaml"
        place.write_text(RULES + "".join(KINDS[n % len(KINDS)].replace("{number}", str(n)) for n in numbers))
        files.append(place)
    return files


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else CASES
    with tempfile.TemporaryDirectory() as folder:
        files = write(Path(folder), count)
        command = [str(Path(sys.executable).parent / "training-monitor"), "rules", "test", *map(str, files)]
        began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        done = subprocess.run(command, capture_output=True, text=True)
        lasted = time.perf_counter() - began
        spent = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    print(*done.stdout.splitlines()[-1:], *done.stderr.splitlines()[:8], sep="\n")
    print(f"{count:,} cases in {len(files)} files: {spent:.1f} s of CPU, {lasted:.1f} s by the clock")
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
