"""A command on a terminal that asks a yes-or-no question, and what a person does there."""

from __future__ import annotations

import os
import select
import signal
import subprocess

from tests.kit.forked import command, warmed
from tests.kit.installed import Installed

QUESTION = b"[y/N]: "
CTRL_C = "\x03"


def asked(installed: Installed, *arguments: str, said: str, within: float = 60.0) -> tuple[int, bytes]:
    """Runs the command, says `said` once it asks, and returns its exit code and all that it showed.

    Nothing is typed before the question stands there. Ctrl-C is pressed again and again, as people do: Python loses
    one that comes just before it reads.
    """
    leader, follower = os.openpty()
    with subprocess.Popen(
        command(*arguments),
        pass_fds=[warmed().fileno()],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env=installed.environ(),
        cwd=installed.root,
        start_new_session=True,
    ) as process:
        os.close(follower)
        shown, answered = b"", False
        try:
            while True:
                ready = select.select([leader], [], [], 0.5 if said == CTRL_C else within)[0]
                if ready:
                    if not (part := os.read(leader, 65536)):
                        break
                    shown += part
                elif said != CTRL_C:
                    process.kill()
                    break
                if not shown.endswith(QUESTION):
                    continue
                if said == CTRL_C and not ready:
                    process.send_signal(signal.SIGINT)
                elif said != CTRL_C and not answered:
                    answered = True
                    os.write(leader, f"{said}\n".encode())
        except OSError:  # the terminal's other end is gone: the process has ended
            pass
        code = process.wait(timeout=30)
    os.close(leader)
    assert b"Traceback" not in shown
    return code, shown
