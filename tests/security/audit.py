"""`make audit`: what we install, held against the published advisories; says so where that cannot be asked.

For whoever maintains this, once a week, and for CI: there an advisory is a failure (`make lock` mends most), and a
service that cannot be reached is one line and no failure, for a red CI that no change can mend teaches to look away.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

LOCKS = (
    "runtime.lock",
    "requirements.lock",
    "build.lock",
    "tests/sdk/requirements.lock",
    "tests/fuzz/requirements.lock",
)
"""The first is what the service runs with; the others are what builds and tests it."""
SERVICES = ((), ("--vulnerability-service", "osv"))
"""Those that the tool knows, in the order in which they are asked."""
PATIENCE = 60.0
"""Seconds for one lock and one service."""


def main(tool: Sequence[str], locks: Sequence[str] = LOCKS) -> int:
    """1 where an advisory is about something that we install, else 0. `tool`: pip-audit as it is started."""
    bad = 0
    for lock in locks:
        report = next((found for service in SERVICES if (found := ask([*tool, *service], lock)) is not None), None)
        if report is None:
            sys.stdout.write("audit: skipped, no service of advisories can be reached\n")
            return 1 if bad else 0
        audited, wrong = judged(report)
        for line in wrong:
            sys.stdout.write(f"{lock}: {line}\n")
        sys.stdout.write(
            f"{lock}: {audited} of {len(report['dependencies'])} packages looked up, {len(wrong)} advisories\n"
        )
        bad += len(wrong)
    return 1 if bad else 0


def ask(tool: Sequence[str], lock: str) -> Mapping[str, Any] | None:
    """The tool's report; None where it has none to give, or has looked up nothing (it calls that "no known
    vulnerabilities")."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.json"
        command = [*tool, "--disable-pip", "--require-hashes", "--progress-spinner", "off", "--requirement", lock]
        try:
            subprocess.run([*command, "--format", "json", "--output", path], capture_output=True, timeout=PATIENCE)
            report = json.loads(path.read_bytes())
        except (OSError, ValueError, subprocess.TimeoutExpired):
            return None
    return report if judged(report)[0] else None


def judged(report: Mapping[str, Any]) -> tuple[int, Sequence[str]]:
    """How many packages were looked up, and a line for each advisory."""
    return sum("skip_reason" not in each for each in report["dependencies"]), list(_advisories(report))


def _advisories(report: Mapping[str, Any]) -> Iterator[str]:
    for package in report["dependencies"]:
        for advisory in package.get("vulns", ()):
            mended = ", ".join(advisory.get("fix_versions") or ["no version yet"])
            yield f"{package['name']} {package['version']}: {advisory['id']}, mended in {mended}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
