"""The way to the daemon: which socket, who may not, what hangs or speaks otherwise, and what comes of a stream."""

from __future__ import annotations

import os
import pwd
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import pytest

from monitor.cli import asking as room
from monitor.cli import over_socket, sockets
from monitor.cli.asking import asking, beside
from monitor.cli.failure import USAGE, Failure
from monitor.model import EventType
from monitor.store import append_events
from monitor.web import stream
from tests.kit.installed import Installed, draft

JOBS = "/api/v1/jobs"
STREAM = "/api/v1/events/stream"
ROOT = str(Path(__file__).parents[2])


@contextmanager
def answering(path: Path, answer: Callable[[socket.socket], None]) -> Iterator[None]:
    """A daemon of another kind: each connection that asks something is given to `answer`."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    listening.listen()

    def serve() -> None:
        while True:
            try:
                accepted, _ = listening.accept()
            except OSError:
                return
            with accepted:
                if accepted.recv(4096):
                    answer(accepted)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(10)


def http(body: bytes, status: bytes = b"200 OK", kind: bytes = b"application/json") -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s" % (status, kind, len(body), body)


def refused(config: Path, path: str = JOBS) -> Failure:
    with pytest.raises(Failure) as caught, asking(config) as ask:
        list(ask.items(path, 10))
    return caught.value


def test_a_socket_of_a_dead_daemon_is_passed_by(installed: Installed) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(installed.state / "control.sock"))
        dead.listen()
    with asking(installed.config) as ask:
        assert len(list(ask.items(JOBS, 3))) == 3
    with pytest.raises(Failure, match="No daemon runs"):
        beside(installed.config)


def test_the_variable_says_which_socket(daemon: Installed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAINING_MONITOR_SOCKET", str(daemon.state / "control.sock"))
    with beside(tmp_path / "no-such-file.yaml") as ask:
        assert len(list(ask.items(JOBS, 3))) == 3


def test_who_can_read_no_config_uses_the_socket_of_the_system(
    daemon: Installed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "SYSTEM_SOCKET", daemon.state / "control.sock")
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    with asking(None) as ask:
        assert len(list(ask.items(JOBS, 3))) == 3
    with pytest.raises(Failure, match="no config file"):
        asking(empty / "named.yaml")


def test_a_config_with_mistakes_does_not_keep_from_asking_the_daemon(daemon: Installed) -> None:
    daemon.config.write_text(daemon.config.read_text() + "nonsense: 1\n")
    with asking(daemon.config) as ask:
        assert len(list(ask.items(JOBS, 3))) == 3


def test_a_group_that_lacks_permission_is_told_which_one_has_it(daemon: Installed) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can ask as somebody else")
    socket_path = daemon.state / "control.sock"
    os.chown(socket_path, -1, 4)
    for folder in (socket_path.parent, *socket_path.parent.parents):
        if not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o011)
    program = "import sys; from monitor.cli.main import entry; entry(['jobs', 'list'])"
    done = subprocess.run(
        [sys.executable, "-c", AS_NOBODY.format(program=program)],
        capture_output=True,
        text=True,
        env=daemon.environ(PYTHONPATH=ROOT, TRAINING_MONITOR_SOCKET=str(socket_path)),
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert f"The control socket {socket_path} may only be used by the group adm" in done.stderr
    assert f"sudo usermod -aG adm {pwd.getpwuid(65534).pw_name}" in done.stderr
    assert "Traceback" not in done.stderr


AS_NOBODY = """
import contextlib, getpass, grp, io, os, pwd, monitor.telemetry.printable
def ask():
    {program}
with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):
    ask()  # what is imported late lies where only root may look
os.setgroups([]); os.setgid(65534); os.setuid(65534)
ask()
"""


def test_a_socket_that_only_root_may_use_puts_nobody_into_the_group_of_root(tmp_path: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("the files must be root's")
    (tmp_path / "control.sock").touch(mode=0o660)
    failure = sockets._not_allowed(tmp_path / "control.sock")
    assert "only be used by root" in str(failure)
    assert "usermod" not in failure.hint
    assert "control.group" in failure.hint


def test_a_daemon_that_hangs_is_waited_for_so_long_and_no_longer(
    bare: Installed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "PATIENCE", 0.2)
    done = threading.Event()

    def hang(accepted: socket.socket) -> None:
        done.wait(10)

    with answering(bare.state / "control.sock", hang):
        failure = refused(bare.config)
        done.set()
    assert "does not answer" in str(failure)
    assert "systemctl status" in failure.hint


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (http(b"<html>hello</html>"), "does not know"),
        (http(b"[]"), "does not know"),
        (http(b'{"rows": []}'), "does not know"),
        (http(b'{"items": [1], "next"'), "does not know"),
        (http(b'"no"', b"500 Oops"), "answered 500"),
        (http(b"")[:-20], "does not know"),
        (http(b'{"items": []}')[:-5], "ended while it was asked"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "ended while it was asked"),
        (b"", "ended while it was asked"),
    ],
)
def test_an_answer_of_another_kind_is_no_traceback(bare: Installed, sent: bytes, said: str) -> None:
    with answering(bare.state / "control.sock", lambda accepted: accepted.sendall(sent)):
        failure = refused(bare.config)
    assert said in str(failure)


def test_a_problem_is_told_with_its_hint(daemon: Installed) -> None:
    with asking(daemon.config) as ask:
        with pytest.raises(Failure) as caught:
            ask.get(JOBS, colour="red")
        assert (caught.value.code, bool(caught.value.hint)) == (USAGE, True)
        with pytest.raises(Failure, match="There is no /api/v1/nix here"):
            ask.get("/api/v1/nix")


def test_a_list_is_read_page_by_page_to_its_limit(daemon: Installed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST", 2)
    with asking(daemon.config) as ask:
        ids = [job["id"] for job in ask.items(JOBS, 100)]
        assert len(ids) == len(set(ids)) == 6
        assert [job["id"] for job in ask.items(JOBS, 3)] == ids[:3]


def told(installed: Installed, *, lock: bool) -> None:
    new = [(draft(EventType.JOB_QUEUED, f"job/new-{number}"), 1) for number in range(3)]
    installed.write(lambda conn, epoch: append_events(conn, epoch, new), lock=lock)


@pytest.mark.parametrize("beside_daemon", [True, False])
def test_a_stream_gives_what_is_stored_and_nothing_now_and_then(
    beside_daemon: bool, installed: Installed, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "TICK", 0.05)
    monkeypatch.setattr(over_socket, "TICK", 0.05)
    monkeypatch.setattr(stream, "TICK", 0.05)
    if beside_daemon:
        request.getfixturevalue("daemon")
    with asking(installed.config) as ask:
        coming = ask.stream(STREAM, after=1, type="job.*")
        assert [event["seq"] for event in islice(filter(None, coming), 2)] == [2, 3]
        assert next(coming) is None
        told(installed, lock=not beside_daemon)
        assert [event["subject"] for event in islice(filter(None, coming), 3)] == [f"job/new-{n}" for n in range(3)]
        with pytest.raises(Failure, match="colour"):
            next(ask.stream(STREAM, colour="red", after=0))


def event(seq: int) -> bytes:
    return b'id: %d\nevent: job.queued\ndata: {"seq": %d}\n\n' % (seq, seq)


def test_a_stream_goes_on_from_the_last_event_when_the_daemon_comes_back(
    bare: Installed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(over_socket, "TICK", 0.01)
    head = b"HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\nretry: 3000\n\n"
    asked: list[bytes] = []
    path = bare.state / "control.sock"
    first = head + event(1) + event(2) + event(3)[:9]
    with answering(path, lambda accepted: accepted.sendall(first)):
        ask = asking(bare.config)
        coming = filter(None, ask.stream(STREAM, after=0))
        assert [found["seq"] for found in islice(coming, 2)] == [1, 2]
    path.unlink()

    def again(accepted: socket.socket) -> None:
        asked.append(b"")
        accepted.sendall(head + event(3))

    with answering(path, again):
        assert next(coming)["seq"] == 3
    assert asked
    monkeypatch.setattr(over_socket, "RETURN", 0.05)
    with pytest.raises(Failure, match="does not come back"):
        next(coming)


def test_an_event_that_comes_with_the_answers_head_is_given_at_once(bare: Installed) -> None:
    """It is read with the head, so the descriptor says nothing of it."""
    sent = b"HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\nretry: 3000\n\n" + event(7)
    done = threading.Event()

    def silent_then(accepted: socket.socket) -> None:
        accepted.sendall(sent)
        done.wait(20)

    with answering(bare.state / "control.sock", silent_then), asking(bare.config) as ask:
        coming = ask.stream(STREAM, after=6)
        given = [next(coming), next(coming)]
        done.set()
    assert given == [{"seq": 7}, None]


def test_a_stream_of_another_kind_is_no_traceback(bare: Installed) -> None:
    sent = b"HTTP/1.0 200 OK\r\n\r\ndata: nonsense\n\n"
    with (
        answering(bare.state / "control.sock", lambda accepted: accepted.sendall(sent)),
        asking(bare.config) as ask,
        pytest.raises(Failure, match="does not know"),
    ):
        next(ask.stream(STREAM))
