"""The control socket: who may open it may ask and change everything, so its file's mode and group are the guard."""

from __future__ import annotations

import contextlib
import errno
import grp
import os
import pwd
import socket
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aiohttp import web

MODE = 0o660
LONGEST = 107
"""Bytes of a path that the system takes for a socket."""
_CREDENTIALS = struct.Struct("3i")
_NOBODY = 65534
"""Whom the kernel names where it has no number for somebody."""


class ControlUnavailable(Exception):
    """The control socket cannot be made. `hint` is the remedy."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


@contextmanager
def control_socket(path: Path, group: str | None, *, state_dir: Path) -> Iterator[socket.socket]:
    """The socket, bound and not yet listening; its file is gone after the block. Raises ControlUnavailable."""
    if len(os.fsencode(path)) > LONGEST:
        hint = "Give `control.socket` a shorter path in the config file (or `off`)."
        raise ControlUnavailable(f"The path of the control socket is longer than {LONGEST} bytes: {path}.", hint)
    gid = None if group is None else _gid(group)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _told(path):
            if path.is_relative_to(state_dir):
                path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            _clear(path)
            os.fchmod(made.fileno(), 0o600)  # nobody else, until it has its group
            made.bind(os.fspath(path))
        mine = path.stat().st_ino
        try:
            if gid is not None:
                _give(path, gid, str(group))
            path.chmod(MODE)
            yield made
        finally:
            with contextlib.suppress(OSError):
                if path.stat().st_ino == mine:
                    path.unlink()
    finally:
        made.close()


def peer(request: web.Request) -> str:
    """Who asks over the socket, as the system knows: `socket uid 1000 (ann)`. Only `socket` where it hides who that is:
    in a service with `PrivateUsers=` all others are nobody."""
    held = request.transport.get_extra_info("socket") if request.transport is not None else None
    if held is None:
        return "socket"
    with socket.socket(fileno=os.dup(held.fileno())) as own:
        packed = own.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, uid, _ = _CREDENTIALS.unpack(packed)
    if uid == _NOBODY:
        return "socket"
    try:
        return f"socket uid {uid} ({pwd.getpwuid(uid).pw_name})"
    except KeyError:
        return f"socket uid {uid}"


def _clear(path: Path) -> None:
    """Removes what a dead daemon has left. Raises ControlUnavailable where a live one, or something else, is there."""
    try:
        kind = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(kind):
        hint = "Move it away, or give `control.socket` another path in the config file."
        raise ControlUnavailable(f"There is something else where the control socket should be: {path}.", hint)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(os.fspath(path))
        except ConnectionRefusedError:
            path.unlink()
            return
        except BlockingIOError:  # its queue is full, so somebody holds it
            pass
    hint = "Stop that one first, or give this one another `control.socket` in the config file."
    raise ControlUnavailable(f"Another daemon listens on the control socket {path}.", hint)


def _gid(group: str) -> int:
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        hint = f"Make it (sudo groupadd --system {group}), or correct `control.group` in the config file."
        raise ControlUnavailable(f"There is no group {group!r} for the control socket.", hint) from None


def _give(path: Path, gid: int, group: str) -> None:
    try:
        os.chown(path, -1, gid)
    except OSError as error:
        join = f"in a unit: SupplementaryGroups={group}, PrivateUsers=no, SystemCallFilter=@chown"
        hint = f"Put the daemon's user into it ({join}), or leave `control.group` out."
        message = f"The control socket {path} cannot be given to the group {group!r}: {error.strerror}."
        raise ControlUnavailable(message, hint) from error


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        hint = "Give `control.socket` a path in the config file where this user may write (or `off`)."
        if error.errno == errno.ENOENT:
            hint = f"Make the directory {path.parent}, or give `control.socket` another path (or `off`)."
        message = f"The control socket {path} cannot be made: {error.strerror or error}."
        raise ControlUnavailable(message, hint) from error
