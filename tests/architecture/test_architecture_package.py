"""What is shipped and what is written down: the wheel, the locks, the version, the tables of the README."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import typer

import monitor
from monitor.cli.main import build
from monitor.model import EventType
from monitor.settings import load

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKS = ["requirements.lock", "runtime.lock", "build.lock"]
LOCKS += [f"tests/{room}/requirements.lock" for room in ("sdk", "fuzz", "security")]
PAGES = ["README.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/messages.md", "docs/rules.md"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as anybody would build it, with the build backend of build.lock."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_what_the_program_needs_and_no_more(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {"monitor/py.typed", "monitor/__init__.py", "monitor/cli/main.py"} <= names
    migrations = {f"monitor/migrations/{path.relative_to(ROOT / 'migrations')}" for path in migration_files()}
    assert len(migrations) > 1
    assert migrations <= names
    assert {name.split("/")[0] for name in names} == {"monitor", f"training_monitor-{monitor.__version__}.dist-info"}
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if "__pycache__" in name or "/tests/" in name]


def migration_files() -> list[Path]:
    return [path for path in (ROOT / "migrations").rglob("*.py") if "__pycache__" not in path.parts]


def test_the_program_runs_from_the_wheel_alone(wheel: Path, tmp_path: Path) -> None:
    """Unpacked elsewhere, with the source tree out of reach, it must find its own migrations."""
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    code = (
        "import sys; sys.path = [p for p in sys.path if p != sys.argv[1]]\n"
        "import asyncio, pathlib, monitor.store as store\n"
        "assert str(pathlib.Path(store.__file__)).startswith(sys.argv[2]), store.__file__\n"
        "async def main():\n"
        "    opened = await store.open_store('sqlite:monitor.db', state_dir=pathlib.Path(sys.argv[3]), lock=True)\n"
        "    await opened.aclose()\n"
        "asyncio.run(main())\n"
    )
    subprocess.run(
        [sys.executable, "-c", code, str(ROOT), str(tmp_path / "site"), str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        check=True,
    )
    assert (tmp_path / "monitor.db").stat().st_size > 0


def test_the_command_is_installed() -> None:
    (command,) = entry_points(group="console_scripts", name="training-monitor")
    assert callable(command.load())


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_host_and_pins_every_package_by_hash(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "://" not in text
    assert not re.search(r"^\s*-", text.replace("    --hash=sha256:", ""), re.MULTILINE), "an option of pip"
    pins = [block for block in re.split(r"\n(?=\S)", text.strip()) if not block.startswith("#")]
    assert pins
    for pin in pins:
        assert re.match(r"[a-z0-9._-]+==\S+", pin), pin.splitlines()[0]
        assert "--hash=sha256:" in pin, pin.splitlines()[0]


def test_the_lock_has_every_dependency() -> None:
    locked = {plain(name) for name in re.findall(r"^([a-z0-9._-]+)==", read("requirements.lock"), re.MULTILINE)}
    wanted = PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["dev"]
    assert {plain(re.split(r"[\[<>=;! ]", line)[0]) for line in wanted} - locked == set()


def test_the_lock_of_the_service_has_what_runs_at_the_versions_that_are_tested() -> None:
    tested, runs = pins("requirements.lock"), pins("runtime.lock")
    wanted = {plain(re.split(r"[\[<>=;! ]", line)[0]) for line in PROJECT["project"]["dependencies"]}
    assert wanted - set(runs) == set()
    assert {name: version for name, version in runs.items() if tested.get(name) != version} == {}
    assert "pytest" not in runs


def pins(lock: str) -> dict[str, str]:
    return {plain(name): version for name, version in re.findall(r"^([a-z0-9._-]+)==(\S+)", read(lock), re.MULTILINE)}


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_no_package_registry_is_named_in_the_tree() -> None:
    registry = re.compile(
        "|".join(["index" + "-url", "find" + "-links", "[a-z]/sim" + r"ple(/|$)", "/packages" + "/[0-9a-f]{2}/"])
    )
    git = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    paths = [ROOT / name for name in listed.split("\0") if name]
    named = [
        str(path.relative_to(ROOT))
        for path in paths
        if path.is_file() and registry.search(path.read_bytes().decode("utf-8", "replace"))
    ]
    assert named == []


def test_the_changelog_tells_of_this_version() -> None:
    text = read("CHANGELOG.md")
    assert f"## [{monitor.__version__}]" in text or f"To be {monitor.__version__}." in text
    assert "version" in PROJECT["project"]["dynamic"], "the version has one place: monitor/__init__.py"


def test_the_readme_lists_every_event_type() -> None:
    listed = set(re.findall(r"`([a-z]+\.[a-z_]+)`", read("README.md")))
    assert {kind.value for kind in EventType} <= listed


@pytest.mark.parametrize("page", PAGES)
def test_every_path_that_a_page_names_exists(page: str) -> None:
    named = set(
        re.findall(r"`((?:monitor|tests|docs|config|migrations|systemd|benchmarks|\.ci)/[\w./-]*)`", read(page))
    )
    named |= {link for link in re.findall(r"\]\(([\w./-]+)\)", read(page)) if "://" not in link}
    missing = [name for name in named if not (ROOT / name).exists() and not ((ROOT / page).parent / name).exists()]
    assert missing == []


def test_the_config_that_the_readme_shows_is_right(tmp_path: Path) -> None:
    """Read as `check` reads it: rules compiled, sinks built, secrets put in."""
    (shown,) = re.findall(r"```yaml\n(.*?)```", read("README.md"), re.DOTALL)
    path = tmp_path / "training-monitor.yaml"
    path.write_text(shown)
    environ = dict.fromkeys(re.findall(r"\$\{env:(\w+)\}", shown), "x" * 20) | {"TEAM_URL": "json://127.0.0.1/"}
    settings = load(path, resolve=True, environ=environ, credentials_dir=None)
    assert [account.name for account in settings.accounts] == ["llm-beijing", "ascend-north"]


def test_the_readme_lists_every_command() -> None:
    shown = read("README.md").split("## Commands")[1].split("## Limits")[0]
    words = set(re.findall(r"[a-z]+(?:-[a-z]+)*", shown.split("Lists work")[0]))
    program = typer.main.get_command(build())
    groups = [getattr(program, "commands", {})]
    groups += [getattr(group, "commands", {}) for group in groups[0].values()]
    names = {name for group in groups for name in group}
    assert {"run", "follow"} <= names
    assert names - words == set()


def read(name: str) -> str:
    return (ROOT / name).read_text()
