"""The house itself: what make says where it cannot build, and that CI counts a skip as a failure."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ('[ "$1" = -V ] && echo "Python 3.9.2"', ["needs Python 3.11 or newer; found: Python 3.9.2", "make PYTHON="]),
        ("exit 127", ["needs Python 3.11 or newer; found: none"]),
        ('case "$2" in *ensurepip*) exit 1;; esac', ["cannot make virtual environments", "apt install python3-venv"]),
    ],
    ids=["too old", "none", "without venv"],
)
def test_make_says_in_one_line_what_is_missing(script: str, words: list[str], tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in ("requirements.lock", "build.lock"):
        (tmp_path / name).touch()
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    command = ["make", ".venv/.locked", f"PYTHON={python}"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    said = done.stderr.splitlines()[0]
    assert [word for word in words if word not in said] == []
    assert "Traceback" not in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_make_alone_lists_the_targets_and_builds_nothing(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    done = subprocess.run(["make", "--no-print-directory"], cwd=tmp_path, capture_output=True, text=True, check=True)
    listed = [line.split()[1] for line in done.stdout.splitlines()]
    (phony,) = [line for line in (ROOT / "Makefile").read_text().splitlines() if line.startswith(".PHONY:")]
    assert sorted(listed) == sorted(phony.split()[1:]), "a target that nobody finds, or a file by that name hides it"
    assert listed[:5] == ["help", "install", "demo", "test", "check"]
    assert [path.name for path in tmp_path.iterdir()] == ["Makefile"]


SKIPPING = {
    "test": "import pytest\ndef test_it(): pytest.skip('no server here')\n",
    "mark": "import pytest\n@pytest.mark.skip(reason='no server here')\ndef test_it(): pass\n",
    "module": "import pytest\npytest.skip('no server here', allow_module_level=True)\n",
    "import": "import pytest\npytest.importorskip('no_such_module', reason='no server here')\ndef test_it(): pass\n",
}


@pytest.mark.slow
def test_a_skip_is_a_failure_in_ci_and_told_elsewhere(tmp_path: Path) -> None:
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path)
    for way, text in SKIPPING.items():
        (tmp_path / f"test_{way}.py").write_text(text)
    (tmp_path / "test_good.py").write_text("def test_good(): pass\n")

    def run(ci: str, *parallel: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pytest", "-rs", "-p", "no:cacheprovider", "--continue-on-collection-errors"]
        env = {
            **os.environ,
            "TRAINING_MONITOR_CI": ci,
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTEST_PLUGINS": "xdist.plugin",
        }
        return subprocess.run([*command, *parallel], cwd=tmp_path, capture_output=True, text=True, check=False, env=env)

    usual, strict = run(""), run("1", "-n1")
    assert usual.returncode == 0
    assert "1 passed, 4 skipped" in usual.stdout
    assert "no server here" in usual.stdout
    assert strict.returncode == 1
    assert "skipped" not in strict.stdout.splitlines()[-1]
    assert strict.stdout.count("lets nothing be skipped: ") == len(SKIPPING)
