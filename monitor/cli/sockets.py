"""Where the control socket of the daemon is that a command means; without loading what a whole config file needs."""

from __future__ import annotations

import getpass
import os
import socket
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from monitor.cli.failure import Failure
from monitor.cli.places import CONFIG_NAMES, config_file

VARIABLE = "TRAINING_MONITOR_SOCKET"
SYSTEM_SOCKET = Path("/run/training-monitor/control.sock")
"""Where the daemon of the unit has it."""
NAME = "control.sock"
STATE = "~/.local/state/training-monitor"
SYSTEM_STATE = "/var/lib/training-monitor"
PATIENCE = 30.0
"""Seconds in which a daemon must take a connection, and answer."""


def live_socket(config: Path | None) -> Path | None:
    """The socket on which a daemon listens; None where none does. Raises Failure where it may not be used."""
    return next((path for path in candidates(config, os.environ) if _listens(path)), None)


def candidates(config: Path | None, environ: Mapping[str, str]) -> list[Path]:
    """Where it may be, the likeliest first. Who can read no config file may still be of the socket's group."""
    if named := environ.get(VARIABLE):
        return [Path(named)]
    try:
        file = config_file(config)
        text = file.read_text()
    except (Failure, OSError, UnicodeDecodeError):
        return [] if config is not None else [SYSTEM_SOCKET]
    own = _of_config(text, environ, SYSTEM_STATE if file == CONFIG_NAMES[-1] else STATE)
    if file != CONFIG_NAMES[-1]:
        return [own] if own else []
    return list(dict.fromkeys([SYSTEM_SOCKET, *([own] if own else [])]))


def connect(path: Path, patience: float | None = None) -> socket.socket:
    """An open connection. Raises Failure where it may not be used or hangs, OSError where nobody listens."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.settimeout(PATIENCE if patience is None else patience)
    try:
        made.connect(os.fspath(path))
    except PermissionError as error:
        made.close()
        raise _not_allowed(path) from error
    except (TimeoutError, BlockingIOError) as error:
        made.close()
        raise hanging(path) from error
    except BaseException:
        made.close()
        raise
    return made


def hanging(path: Path) -> Failure:
    """The daemon is there and does not answer."""
    return Failure(
        f"The daemon does not answer on its control socket {path}.",
        "See what it does (systemctl status training-monitor; journalctl -u training-monitor), or start it anew.",
    )


def _listens(path: Path) -> bool:
    try:
        connect(path).close()
    except OSError:  # no file, no daemon behind it, a path too long to be one: nobody listens
        return False
    return True


def _of_config(text: str, environ: Mapping[str, str], state: str) -> Path | None:
    """What `monitor.settings` makes of `control.socket` and `state_dir`, which a test holds against this; None: off, or
    a file that is wrong, of which who loads it tells all mistakes."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    def read(text: str) -> Any:
        return YAML(typ="safe", pure=True).load(text)

    try:
        try:
            data = read(text)
        except YAMLError:  # the daemon is to say so itself, where the lines that name its place are whole
            data = read(_of_place(text))
        return _path(data, environ, state)
    except (YAMLError, AttributeError, LookupError, TypeError, ValueError):
        return None


def _of_place(text: str) -> str:
    """The lines of `state_dir` and `control`, with what is indented below them."""
    kept, within = [], False
    for line in text.splitlines():
        within = line.startswith(("state_dir:", "control:")) or (within and line.startswith(" "))
        kept += [line] if within else []
    return "\n".join(kept)


def _path(data: dict[str, Any], environ: Mapping[str, str], default: str) -> Path | None:
    chosen = (data.get("control") or {}).get("socket")
    state = data.get("state_dir") or environ.get("STATE_DIRECTORY", "").split(":")[0] or default
    if chosen == "off":
        return None
    runtime = environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
    if chosen is None and runtime:
        return Path(runtime) / NAME
    return _home(_filled(state, environ), environ) / _home(_filled(chosen or NAME, environ), environ)


def _filled(text: str, environ: Mapping[str, str]) -> str:
    """With its references put in."""
    if "$" not in text:
        return text
    from monitor.settings.references import Surroundings

    credentials = environ.get("CREDENTIALS_DIRECTORY")
    return Surroundings(environ, Path(credentials) if credentials else None).put_in(text)


def _home(chosen: str, environ: Mapping[str, str]) -> Path:
    if chosen == "~" or chosen.startswith("~/"):
        return Path(environ.get("HOME") or Path.home()) / chosen[2:]
    return Path(chosen)


def _not_allowed(path: Path) -> Failure:
    """Names the group that may, as the socket's file says, or the directory that hides it."""
    import grp
    import pwd

    place = path
    while True:
        try:
            found = place.stat()
            break
        except OSError:
            place = place.parent
    try:
        user, owner = getpass.getuser(), pwd.getpwuid(found.st_uid).pw_name
        group = grp.getgrgid(found.st_gid).gr_name
    except (KeyError, OSError):
        user, owner, group = str(os.getuid()), str(found.st_uid), str(found.st_gid)
    if not found.st_mode & stat.S_IRWXG or found.st_gid == 0:  # nobody is put into root's group for this
        hint = "Use sudo, or let the daemon's config name a group that you are in: control.group."
        return Failure(f"The control socket {path} may only be used by {owner}.", hint)
    return Failure(
        f"The control socket {path} may only be used by the group {group}, and you are not in it.",
        f"sudo usermod -aG {group} {user}, then sign in again; or use sudo.",
    )
