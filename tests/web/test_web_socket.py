"""The control socket: its file, its group, what a dead or a live daemon left, and who asks over it."""

from __future__ import annotations

import asyncio
import grp
import os
import pwd
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from monitor.web.control import ControlUnavailable, control_socket
from tests.kit.web import served

NOBODY = 65534


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "control.sock"


def refused(path: Path, group: str | None = None) -> ControlUnavailable:
    with pytest.raises(ControlUnavailable) as caught, control_socket(path, group, state_dir=path.parent):
        pass
    assert caught.value.hint
    return caught.value


@pytest.fixture
def _wide_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("_wide_umask")
def test_only_owner_and_group_may_open_it_and_it_is_gone_afterwards(path: Path) -> None:
    with control_socket(path, None, state_dir=path.parent):
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
    assert not path.exists()


def test_its_directory_is_made_below_the_state_directory_and_nowhere_else(tmp_path: Path) -> None:
    inside = tmp_path / "state" / "run" / "control.sock"
    with control_socket(inside, None, state_dir=tmp_path / "state"):
        assert stat.S_IMODE(inside.parent.stat().st_mode) == 0o750
    error = refused_elsewhere(tmp_path / "elsewhere" / "control.sock")
    assert str(tmp_path / "elsewhere") in error.hint


def refused_elsewhere(path: Path) -> ControlUnavailable:
    with pytest.raises(ControlUnavailable) as caught, control_socket(path, None, state_dir=Path("/nowhere")):
        pass
    return caught.value


def test_it_is_given_to_its_group(path: Path) -> None:
    group = grp.getgrgid(os.getgroups()[-1] if os.getgroups() else os.getgid())
    with control_socket(path, group.gr_name, state_dir=path.parent):
        assert path.stat().st_gid == group.gr_gid


def test_a_group_that_is_none_is_named_with_the_remedy(path: Path) -> None:
    error = refused(path, "no-such-group")
    assert "no group 'no-such-group'" in str(error)
    assert "groupadd" in error.hint
    assert "control.group" in error.hint
    assert not path.exists()


def test_a_group_that_the_daemon_is_not_in_is_named_with_the_remedy(tmp_path: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can become a user who is not in a group")
    tmp_path.chmod(0o777)
    said = as_nobody(tmp_path / "control.sock")
    assert "cannot be given to the group 'root'" in said
    assert "SupplementaryGroups=root" in said
    assert list(tmp_path.iterdir()) == []


def as_nobody(path: Path) -> str:
    """What is said to a daemon of the user nobody that wants the group root."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.close(reading)
        try:
            os.chdir(path.parent)  # above it only root may look
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            with control_socket(Path(path.name), "root", state_dir=Path("elsewhere")):
                os.write(writing, b"it was made")
        except ControlUnavailable as error:
            os.write(writing, f"{error} {error.hint}".encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as file:
        said = file.read()
    os.wait()
    return said


def test_what_a_dead_daemon_left_is_replaced(path: Path) -> None:
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(path))
    dead.listen()
    dead.close()
    assert path.exists()
    with control_socket(path, None, state_dir=path.parent) as made:
        made.listen()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_the_socket_of_a_live_daemon_is_left_alone(path: Path) -> None:
    with control_socket(path, None, state_dir=path.parent) as live:
        live.listen()
        before = path.stat().st_ino
        assert "Another daemon listens" in str(refused(path))
        assert path.stat().st_ino == before


def test_a_file_that_is_no_socket_is_left_alone(path: Path) -> None:
    path.write_text("precious")
    assert "something else" in str(refused(path))
    assert path.read_text() == "precious"


def test_a_socket_that_another_daemon_has_put_there_since_is_left_alone(path: Path) -> None:
    with control_socket(path, None, state_dir=path.parent):
        path.unlink()
        path.write_text("of somebody else")
    assert path.exists()


def test_a_path_too_long_for_a_socket_is_named_with_the_remedy(tmp_path: Path) -> None:
    error = refused(tmp_path / ("a" * 108))
    assert "longer than 107 bytes" in str(error)
    assert "control.socket" in error.hint


async def test_over_it_the_same_api_answers_without_a_token(tmp_path: Path) -> None:
    async with served(tmp_path, token=True) as it, it.over_socket() as session:
        for path in ("/api/v1/jobs", "/healthz", "/metrics"):
            async with session.get(path, headers={"Host": "anything.example.org"}) as answer:
                assert answer.status == 200
        async with session.get("/api/v1/jobs") as answer:
            assert await answer.read() == (await it.ask("/api/v1/jobs", headers=BEARER))[2]
        for path in ("/", "/sign-in"):
            async with session.get(path) as answer:
                assert answer.status == 404


BEARER = {"Authorization": "Bearer a-token-of-24-characters"}


async def test_who_asks_is_known_by_the_system(tmp_path: Path) -> None:
    asked: list[str | None] = []
    async with served(tmp_path) as it:
        answer = it.site.api.answer

        async def listen(request):
            asked.append(request.by)
            return await answer(request)

        it.site.api.answer = listen  # type: ignore[method-assign]
        async with it.over_socket() as session, session.post("/api/v1/nothing") as answered:
            assert answered.status == 404
        assert (await it.ask("/api/v1/jobs"))[0] == 200
    user = pwd.getpwuid(os.getuid()).pw_name
    assert asked == [f"socket uid {os.getuid()} ({user})", None]
    assert not it.socket.exists()


async def test_a_change_is_told_in_the_log_with_who_asked_and_an_attempt_is_not(tmp_path: Path) -> None:
    async with served(tmp_path) as it, it.over_socket() as session:
        name = it.settings.sinks[0].name
        with capture_logs() as lines:
            for path, status in ((f"sinks/{name}/test", 200), ("deliveries/nobody/drop", 404)):
                async with session.post(f"/api/v1/{path}") as answered:
                    assert answered.status == status
    (line,) = [line for line in lines if "change" in line]
    user = pwd.getpwuid(os.getuid()).pw_name
    assert (line["by"], line["change"], line["log_level"]) == (
        f"socket uid {os.getuid()} ({user})",
        f"sinks/{name}/test",
        "info",
    )


async def test_a_malformed_request_over_it_is_answered_too(tmp_path: Path) -> None:
    async with served(tmp_path) as it:
        for sent, word in ((b"nonsense\r\n\r\n", b" 400 "), (b"GET /api/../x HTTP/1.0\r\n\r\n", b" 400 ")):
            with socket.socket(socket.AF_UNIX) as made:
                made.setblocking(False)
                made.connect(str(it.socket))
                loop = asyncio.get_running_loop()
                await loop.sock_sendall(made, sent)
                assert word in await loop.sock_recv(made, 4096)


def test_all_of_it_works_on_the_loop_that_the_daemon_runs_on(tmp_path: Path) -> None:
    uvloop = pytest.importorskip("uvloop", reason="uvloop is not installed")

    async def asked() -> list[int]:
        async with served(tmp_path) as it, it.over_socket() as session:
            found = [(await it.ask("/api/v1/jobs"))[0]]
            for path in ("/api/v1/jobs", "/api/v1/events/stream?after=0"):
                async with session.get(path) as answer:
                    found.append(answer.status)
        assert not it.socket.exists()
        return found

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(asked()) == [200, 200, 200]
