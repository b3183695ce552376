"""The import contracts of pyproject.toml hold, and each of them is able to fail."""

from __future__ import annotations

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]
LINT = Path(sys.executable).with_name("lint-imports")

LAYERS = "Rooms import one way only; a new room must be placed here"
PROVIDERS = "A provider knows no other provider"
SINKS = "A sink knows no other sink"
EMULATOR = "An emulator shares nothing with the client that it is there to test"
PURE = "What decides is pure: no I/O, no clock, no database"
SQL = "Only the store speaks SQL"
ADAPTERS = "Adapters know neither the store nor what decides"
ROUTING = "Routing decides from the store alone and sends nothing"


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    command = [str(LINT), "--no-logo", "--no-cache", "--config", "pyproject.toml"]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


def test_the_contracts_hold() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("contract", "planted"),
    [
        (LAYERS, {"model/planted.py": "import monitor.fields"}),
        (LAYERS, {"store/planted.py": "import monitor.rules"}),
        (LAYERS, {"emulation/planted.py": "import monitor.wire"}),
        (LAYERS, {"polling/planted.py": "import monitor.delivery"}),
        (LAYERS, {"newroom/__init__.py": "", "newroom/planted.py": ""}),
        (PROVIDERS, {"providers/modelarts/planted.py": "import monitor.providers.model_studio"}),
        (PROVIDERS, {"providers/modelarts/planted.py": "import monitor.providers.registry"}),
        (SINKS, {"sinks/log/planted.py": "from monitor.sinks.webhook import options"}),
        (EMULATOR, {"providers/modelarts/emulator.py": "import monitor.providers.modelarts.client"}),
        (
            EMULATOR,
            {
                "providers/modelarts/emulator.py": "import monitor.providers.modelarts.planted",
                "providers/modelarts/planted.py": "import monitor.providers.modelarts.client",
            },
        ),
        (PURE, {"diff/planted.py": "import anyio"}),
        (PURE, {"rules/planted.py": "from monitor.fields import clock"}),
        (PURE, {"ledger/planted.py": "import sqlite3"}),
        (PURE, {"model/planted.py": "import asyncio"}),
        (SQL, {"polling/planted.py": "import sqlalchemy"}),
        (SQL, {"cli/planted.py": "from sqlite3 import connect"}),
        (ADAPTERS, {"sinks/log/planted.py": "import monitor.store"}),
        (ADAPTERS, {"providers/modelarts/planted.py": "import monitor.diff"}),
        (ROUTING, {"routing/planted.py": "import aiohttp"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else value.split(";")[0],
)
def test_a_bad_import_breaks_its_contract(contract: str, planted: dict[str, str], tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "monitor", tmp_path / "monitor", ignore=shutil.ignore_patterns("__pycache__"))
    for name, line in planted.items():
        path = tmp_path / "monitor" / name
        path.parent.mkdir(exist_ok=True)
        with path.open("a") as file:
            file.write(f"\n{line}\n")
    done = lint(tmp_path)
    assert done.returncode == 1
    assert f"{contract} BROKEN" in " ".join(done.stdout.split())


@cache
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("monitor", include_external_packages=True, cache_dir=None)


def test_the_model_needs_nothing_but_the_standard_library() -> None:
    imported = {
        found
        for module in graph().find_descendants("monitor.model")
        for found in graph().find_modules_directly_imported_by(module)
        if not found.startswith("monitor.model")
    }
    assert {name.split(".")[0] for name in imported} <= sys.stdlib_module_names


KINDS = sorted(path.parent.name for path in (ROOT / "monitor/providers").glob("*/provider.py"))


@pytest.mark.parametrize("kind", KINDS)
def test_an_emulator_and_its_client_share_no_module(kind: str) -> None:
    """A constant that is wrong in one must not hide in the other: so not even a small module of theirs is common."""
    package = f"monitor.providers.{kind}"

    def reach(module: str) -> set[str]:
        upstream = graph().find_upstream_modules(f"{package}.{module}") | {f"{package}.{module}"}
        return {found for found in upstream if found.startswith(package + ".")}

    assert reach("emulator") & reach("provider") == set()
