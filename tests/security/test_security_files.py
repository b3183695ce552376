"""Files on a machine that others use too: whose they are whatever the mask, and links that somebody else has laid."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.store import Store, StoreConflict, open_store
from monitor.store.backup import backup
from monitor.store.migrate import HEAD
from monitor.store.state_dir import make_state_dir
from monitor.web.control import control_socket
from tests.kit.process import Program, write_config
from tests.kit.until import START, until

NOW = datetime(2026, 11, 21, tzinfo=UTC)
URL = "sqlite:monitor.db"
UNIT = Path(__file__).parents[2] / "systemd" / "training-monitor.service"


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=oct)
def mask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


async def opened(state: Path) -> Store:
    make_state_dir(state)
    return await open_store(URL, state_dir=state, lock=True)


def modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


async def test_the_database_its_log_its_lock_and_its_copies_are_the_users_alone(mask: int, tmp_path: Path) -> None:
    state = tmp_path / "state"
    store = await opened(state)
    try:
        made = await backup(URL, state, None, now=NOW)
        found = modes(state)
    finally:
        await store.aclose()
    assert {"monitor.db", "monitor.db-wal", "monitor.db-shm", "monitor.db.lock", made.path.name} <= set(found)
    assert set(found.values()) == {0o600}, found
    assert stat.S_IMODE(state.stat().st_mode) & 0o027 == 0, "others cannot enter, and nobody can lay a link there"


def test_the_socket_is_for_its_user_and_group(mask: int, tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    with control_socket(path, None, state_dir=tmp_path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o660


async def test_a_copy_never_goes_where_a_link_leads(tmp_path: Path) -> None:
    state, victim = tmp_path / "state", tmp_path / "victim"
    store = await opened(state)
    await store.aclose()
    victim.write_text("somebody else's")
    target = tmp_path / "backup.db"
    target.symlink_to(victim)
    (tmp_path / "backup.db.part").symlink_to(victim)
    with pytest.raises(StoreConflict):
        await backup(URL, state, target, now=NOW)
    await backup(URL, state, target, now=NOW, replace=True)
    assert victim.read_text() == "somebody else's"
    assert not target.is_symlink(), "the link gave way; what it led to was not written"


async def test_the_copy_before_an_upgrade_never_goes_where_a_link_leads(tmp_path: Path) -> None:
    state, victim = tmp_path / "state", tmp_path / "victim"
    store = await opened(state)
    await store.aclose()
    victim.write_text("somebody else's")
    (state / f"monitor.db.before-{HEAD}").symlink_to(victim)
    (state / f"monitor.db.before-{HEAD}.part").symlink_to(victim)
    with sqlite3.connect(state / "monitor.db") as raw:
        raw.execute("UPDATE alembic_version SET version_num = '0001'")
    raw.close()
    with suppress(Exception):  # the tables are there already; the copy is made before that is seen
        await opened(state)
    assert victim.read_text() == "somebody else's"
    assert not (state / f"monitor.db.before-{HEAD}").is_symlink()


def test_the_unit_leaves_no_core_no_readable_file_and_no_secret_in_the_environment() -> None:
    lines = UNIT.read_text().splitlines()
    assert {"LimitCORE=0", "UMask=0077", "StateDirectoryMode=0700", "NoNewPrivileges=yes"} <= set(lines)
    assert not [line for line in lines if line.startswith(("Environment", "PassEnvironment", "SetCredential"))]


async def test_a_secret_of_a_file_is_in_no_environment_and_no_command_line(tmp_path: Path) -> None:
    """Others see the command line of every process, and who is the same user its environment."""
    secret = tmp_path / "key"
    secret.write_text("sk-F1leF1leF1leF1le\n")
    account = {"name": "a", "provider": "model-studio", "api_key": f"${{file:{secret}}}",
               "endpoint": "http://127.0.0.1:1/api/v1", "jobs": {}}  # fmt: skip
    async with Program(write_config(tmp_path, {"accounts": [account], "sinks": [{"name": "j", "type": "log"}]})) as it:
        await until(lambda: "started" in it.log, within=START)
        process = Path("/proc") / str(it.process.pid)
        seen = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
    assert b"sk-F1le" not in seen
