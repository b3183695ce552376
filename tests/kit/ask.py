"""Asks the process that has imported the program (tests/kit/warm.py) for a life of it; also a command of its own.

As a command it is the life: what it is told is passed on, and it ends as that does. It has to begin in no time, so it
imports nothing else and runs with `python -I -S`.
"""

import json
import os
import signal
import socket
import sys

ASKED = "TRAINING_MONITOR_TESTS_ASK"
"""Names the file descriptor of the socket, to the command."""


def ask(control: socket.socket, command: "tuple[str, ...] | list[str]", environ: "dict[str, str]", *files: int) -> None:
    """`files`: where the answers go, and the three standard files of the life."""
    os.umask(mask := os.umask(0o022))
    order = {"command": command, "environ": environ, "umask": mask, "folder": os.getcwd()}
    socket.send_fds(control, [json.dumps(order).encode()], files)


def main() -> None:
    environ = dict(os.environ)
    ours, theirs = socket.socketpair()
    with socket.socket(fileno=int(environ.pop(ASKED))) as control, theirs:
        ask(control, sys.argv[1:], environ, theirs.fileno(), 0, 1, 2)
    with ours.makefile() as answers:
        pid = int(answers.readline())
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda number, frame: pass_on(pid, number))
        code = int(answers.readline())
        os._exit(code if code >= 0 else 128 - code)  # a signal that comes now is for one that has ended


def pass_on(pid: int, number: int) -> None:
    try:  # noqa: SIM105 - what has it is an import more
        os.kill(pid, number)
    except ProcessLookupError:
        pass


if __name__ == "__main__":
    main()
