"""The audit of what we install: an advisory fails, a service that cannot be reached does not, and neither is hidden."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.security.audit import main

FINE = {"name": "aiohttp", "version": "3.14.5", "vulns": []}
BAD = {"name": "jinja2", "version": "3.0", "vulns": [{"id": "X-2026-1", "fix_versions": ["3.1"]}]}
UNKNOWN = {"name": "anyio", "skip_reason": "Dependency not found and could not be audited"}


def tool(folder: Path, dependencies: list[dict[str, Any]] | None) -> list[str]:
    """A program that is asked as pip-audit is, and writes that report; None: it ends as without a network."""
    script = folder / "tool.py"
    report = json.dumps({"dependencies": dependencies})
    write = f"open(sys.argv[sys.argv.index('--output') + 1], 'w').write({report!r})"
    script.write_text(f"import sys\n{write if dependencies is not None else 'sys.exit(1)'}\n")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return [sys.executable, str(script)]


@pytest.mark.parametrize(
    ("dependencies", "code", "said"),
    [
        ([FINE, FINE], 0, "runtime.lock: 2 of 2 packages looked up, 0 advisories\n"),
        (
            [FINE, BAD, UNKNOWN],
            1,
            "runtime.lock: jinja2 3.0: X-2026-1, mended in 3.1\n"
            "runtime.lock: 2 of 3 packages looked up, 1 advisories\n",
        ),
        ([UNKNOWN], 0, "audit: skipped, no service of advisories can be reached\n"),
        (None, 0, "audit: skipped, no service of advisories can be reached\n"),
    ],
    ids=["fine", "an advisory", "nothing was looked up", "no network"],
)
def test_an_audit_says_what_it_found_and_what_it_could_not_ask(
    dependencies: list[dict[str, Any]] | None, code: int, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(tool(tmp_path, dependencies), ["runtime.lock"]) == code
    assert capsys.readouterr().out == said


def test_a_machine_without_the_tool_is_told_and_does_not_fail(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["/nonexistent/pip-audit"], ["runtime.lock"]) == 0
    assert "skipped" in capsys.readouterr().out
