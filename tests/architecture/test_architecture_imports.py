"""The import contracts of pyproject.toml hold, and each of them is able to fail."""

from __future__ import annotations

import re
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


PLANTED = [
    (LAYERS, "model/planted.py", "import monitor.fields", "monitor.model.planted -> monitor.fields"),
    (LAYERS, "store/planted.py", "import monitor.rules", "monitor.store.planted -> monitor.rules"),
    (LAYERS, "emulation/planted.py", "import monitor.wire", "monitor.emulation.planted -> monitor.wire"),
    (LAYERS, "polling/planted.py", "import monitor.delivery", "monitor.polling.planted -> monitor.delivery"),
    (LAYERS, "newroom/__init__.py", "", "not listed as layers: - monitor.newroom"),
    (
        PROVIDERS,
        "providers/modelarts/sibling.py",
        "import monitor.providers.model_studio",
        "monitor.providers.modelarts.sibling -> monitor.providers.model_studio",
    ),
    (
        PROVIDERS,
        "providers/modelarts/all.py",
        "import monitor.providers.registry",
        "monitor.providers.modelarts.all -> monitor.providers.registry",
    ),
    (
        SINKS,
        "sinks/log/sibling.py",
        "from monitor.sinks.webhook import options",
        "monitor.sinks.log.sibling -> monitor.sinks.webhook.options",
    ),
    (
        EMULATOR,
        "providers/modelarts/emulator.py",
        "import monitor.providers.modelarts.client",
        "monitor.providers.modelarts.emulator -> monitor.providers.modelarts.client",
    ),
    (
        EMULATOR,
        "providers/model_studio/emulator.py",
        "import monitor.providers.model_studio.between",
        "monitor.providers.model_studio.between -> monitor.providers.model_studio.client",
    ),
    (PURE, "diff/planted.py", "import anyio", "monitor.diff.planted -> anyio"),
    (PURE, "rules/planted.py", "from monitor.fields import clock", "monitor.rules.planted -> monitor.fields.clock"),
    (PURE, "ledger/planted.py", "import sqlite3", "monitor.ledger.planted -> sqlite3"),
    (PURE, "model/busy.py", "import asyncio", "monitor.model.busy -> asyncio"),
    (SQL, "polling/asks.py", "import sqlalchemy", "monitor.polling.asks -> sqlalchemy"),
    (SQL, "cli/planted.py", "from sqlite3 import connect", "monitor.cli.planted -> sqlite3"),
    (ADAPTERS, "sinks/log/planted.py", "import monitor.store", "monitor.sinks.log.planted -> monitor.store"),
    (
        ADAPTERS,
        "providers/modelarts/planted.py",
        "import monitor.diff",
        "monitor.providers.modelarts.planted -> monitor.diff",
    ),
    (ROUTING, "routing/planted.py", "import aiohttp", "monitor.routing.planted -> aiohttp"),
]
"""Contract, file, the line that breaks it, and what is said of that; all are planted at once."""
BETWEEN = ("providers/model_studio/between.py", "import monitor.providers.model_studio.client")


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What is said of each broken contract, on one line."""
    root = tmp_path_factory.mktemp("planted")
    shutil.copy(ROOT / "pyproject.toml", root)
    shutil.copytree(ROOT / "monitor", root / "monitor", ignore=shutil.ignore_patterns("__pycache__"))
    for name, line in [*((name, line) for _, name, line, _ in PLANTED), BETWEEN]:
        path = root / "monitor" / name
        path.parent.mkdir(exist_ok=True)
        with path.open("a") as file:
            file.write(f"\n{line}\n")
    done = lint(root)
    assert done.returncode == 1
    contracts = {each for each, *_ in PLANTED}
    _, _, said = done.stdout.partition("Broken contracts")
    parts = re.split(f"^({'|'.join(map(re.escape, contracts))})$", said, flags=re.MULTILINE)
    return {name: " ".join(part.split()) for name, part in zip(parts[1::2], parts[2::2], strict=True)}


@pytest.mark.parametrize(
    ("contract", "line", "said"),
    [
        pytest.param(contract, line, said, id=f"{contract.split(';')[0]}-{name}")
        for contract, name, line, said in PLANTED
    ],
)
def test_a_bad_import_breaks_its_contract(contract: str, line: str, said: str, broken: dict[str, str]) -> None:
    assert said in broken[contract], line


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
