"""The program started for the cost of a fork: a process that has imported it, from which each life begins.

Run as `python -m tests.kit.warm FD` by tests/kit/forked.py. That socket is where the processes of a test run come in,
which share this one; each message of theirs is one life, with what it is told, where its pid and its end are answered,
and its three standard files. It ends with its standard input, and so with who started it.
"""

from __future__ import annotations

import ctypes
import functools
import gc
import json
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Sequence
from importlib import import_module
from typing import Any

WARM = (
    "alembic.command", "alembic.runtime.migration", "anyio._backends._asyncio", "anyio.to_thread", "asyncpg",
    "aiosqlite", "uvloop", "monitor.app.run", "monitor.cli.main", "monitor.cli.opening",
    "monitor.providers.model_studio.provider", "monitor.providers.modelarts.provider",
    "monitor.rules.expression.language", "monitor.sinks.webhook.sink", "monitor.settings", "monitor.store.alembic",
    "monitor.telemetry.setup", "monitor.web.api.openapi", "sqlalchemy.dialects.postgresql.asyncpg",
    "sqlalchemy.dialects.sqlite.aiosqlite",
)  # fmt: skip
DIES_WITH_PARENT = 1


@functools.cache
def warm() -> None:
    """The imports of a daemon's life and the prices that come with it, none of which starts a thread."""
    for name in WARM:
        import_module(name)
    from monitor.settings.shipped import shipped_prices

    shipped_prices()
    gc.freeze()


def die_with_parent() -> None:
    ctypes.CDLL(None).prctl(DIES_WITH_PARENT, signal.SIGKILL)


def serve(listener: socket.socket) -> None:
    """Returns at the end of standard input, and in each life when that ends. Nothing is imported for nobody."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # who keeps a life is not waited for
    with selectors.DefaultSelector() as asking:
        asking.register(listener, selectors.EVENT_READ)
        asking.register(sys.stdin, selectors.EVENT_READ)
        while True:
            for key, _ in asking.select():
                if key.fileobj is sys.stdin:
                    return
                if key.fileobj is listener:
                    warm()
                    asking.register(listener.accept()[0], selectors.EVENT_READ)
                elif isinstance(key.fileobj, socket.socket) and begin(key.fileobj, asking):
                    return


def begin(control: socket.socket, asking: selectors.BaseSelector) -> bool:
    """Whether this is the process that kept the life, which is over."""
    order, fds, _, _ = socket.recv_fds(control, 1 << 16, 4)
    if not order:
        asking.unregister(control)
        control.close()
        return False
    if os.fork() == 0:
        asking.close()
        keep(json.loads(order), *fds)
        return True
    for fd in fds:
        os.close(fd)
    return False


def keep(order: dict[str, Any], answer: int, *files: int) -> None:
    """The parent of one life: says its pid, and when it has ended its exit code, a line each."""
    die_with_parent()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid == 0:
        live(order, files)
        return
    for fd in files:
        os.close(fd)
    os.write(answer, b"%d\n" % pid)
    _, status = os.waitpid(pid, 0)
    os.write(answer, b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def live(order: dict[str, Any], files: Sequence[int]) -> None:
    """As `training-monitor …` or `python -c CODE …` does in a new process; it ends as that does, too."""
    die_with_parent()
    for fd, place in enumerate(files):
        os.dup2(place, fd)
    os.closerange(3, 64)
    os.environ.clear()
    os.environ.update(order["environ"])
    time.tzset()
    os.umask(order["umask"])
    os.chdir(order["folder"])
    if "PYTHONUNBUFFERED" not in os.environ:
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", errors="surrogateescape", closefd=False)
    program, *arguments = order["command"]
    if arguments[0] == "-c":
        sys.argv = ["-c", *arguments[2:]]
        exec(arguments[1], {"__name__": "__main__"})
        return
    from monitor.cli.main import entry

    sys.argv = [program, *arguments]
    entry()


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
