"""The HTTP port's and the control socket's sections: what is open, what needs a token, where the socket is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.cli import places, sockets
from monitor.cli.sockets import candidates
from monitor.settings import ConfigErrors, Listen, Settings, load, root
from monitor.settings.root import Control

REST = "accounts:\n  - {name: a, provider: model-studio, api_key: k, jobs: {}}\nsinks:\n  - {name: log, type: log}\n"
TOKEN = "sixteen-signs-ok"
Read = Callable[..., Settings]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def loaded(text: str, *, resolve: bool = True, **environ: str) -> Settings:
        path = tmp_path / "training-monitor.yaml"
        path.write_text(f"{text}\n{REST}")
        return load(path, resolve=resolve, environ={"HOME": "/home/ann", **environ}, credentials_dir=None)

    return loaded


@pytest.mark.parametrize("host", ["0.0.0.0", "[::]", "192.0.2.1", "monitor.example.org"])
def test_a_port_that_other_machines_reach_needs_a_token(read: Read, host: str) -> None:
    with pytest.raises(ConfigErrors, match=r"http\.listen: .* needs `http\.token`"):
        read(f'http: {{listen: "{host}:8650"}}')
    settings = read(f'http: {{listen: "{host}:8650", token: {TOKEN}}}')
    assert settings.http.listen == Listen(host.strip("[]"), 8650)
    assert TOKEN not in repr(settings)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "[::1]", "localhost", "LOCALHOST"])
def test_a_port_of_this_machine_needs_none(read: Read, host: str) -> None:
    assert read(f'http: {{listen: "{host}:0"}}').http.token is None


def test_a_token_that_is_not_resolved_yet_is_one_all_the_same(read: Read) -> None:
    settings = read('http: {listen: "0.0.0.0:8650", token: "${env:NOT_SET}"}', resolve=False)
    assert settings.http.token is not None
    with pytest.raises(ConfigErrors, match="NOT_SET is not set") as caught:
        read('http: {listen: "0.0.0.0:8650", token: "${env:NOT_SET}"}')
    assert len(caught.value.problems) == 1


@pytest.mark.parametrize(
    "token", ["fifteen-signs-x", "sixteen signs ok", "sechzehnzeichenü", "a-line-and-more\n-of-it"]
)
def test_a_token_that_is_short_or_no_header_is_refused_and_not_shown(read: Read, token: str) -> None:
    with pytest.raises(ConfigErrors, match="at least 16") as caught:
        read('http: {token: "${env:TOKEN}"}', TOKEN=token)
    assert token not in str(caught.value)
    assert "openssl rand" in str(caught.value)


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://monitor.example.org", "https://monitor.example.org"),
        ("https://monitor.example.org:8443/", "https://monitor.example.org:8443"),
        ("http://[2001:db8::1]:8650", "http://[2001:db8::1]:8650"),
    ],
)
def test_a_public_url_is_a_host(read: Read, url: str, kept: str) -> None:
    assert read(f'http: {{public_url: "{url}"}}').http.public_url == kept


@pytest.mark.parametrize(
    "url",
    ["monitor.example.org", "ftp://h", "https://", "https://h/path", "https://h?q=1", "https://u:p@h", "https://h:x"],
)
def test_a_public_url_that_is_none_is_refused(read: Read, url: str) -> None:
    with pytest.raises(ConfigErrors, match=r"http\.public_url: expected http\(s\)://HOST"):
        read(f'http: {{public_url: "{url}"}}')


WHERE = [
    ("", {}, "/home/ann/.local/state/training-monitor/control.sock"),
    ("state_dir: /srv/tm", {}, "/srv/tm/control.sock"),
    ("", {"STATE_DIRECTORY": "/var/lib/a:/var/lib/b"}, "/var/lib/a/control.sock"),
    ("state_dir: /srv/tm", {"RUNTIME_DIRECTORY": "/run/tm:/run/b"}, "/run/tm/control.sock"),
    (
        "control: {socket: ask.sock}",
        {"RUNTIME_DIRECTORY": "/run/tm"},
        "/home/ann/.local/state/training-monitor/ask.sock",
    ),
    ("control: {socket: ~/ask.sock}\nstate_dir: ~/tm", {}, "/home/ann/ask.sock"),
    ("control: {socket: /run/ask.sock}", {}, "/run/ask.sock"),
    ('control: {socket: "${env:SOCKET}"}\nstate_dir: ${env:STATE}', {"SOCKET": "a.sock", "STATE": "/s"}, "/s/a.sock"),
    ("control: {group: people}\nstate_dir: /srv/tm", {}, "/srv/tm/control.sock"),
    ("control: {socket: off}", {}, None),
    ('control: {socket: "off"}', {"RUNTIME_DIRECTORY": "/run/tm"}, None),
]


@pytest.mark.parametrize(("text", "environ", "expected"), WHERE, ids=[str(number) for number in range(len(WHERE))])
def test_commands_look_for_the_socket_where_the_daemon_has_it(
    read: Read, text: str, environ: dict[str, str], expected: str | None, tmp_path: Path
) -> None:
    settings = read(text, **environ)
    assert settings.control.socket == (None if expected is None else Path(expected))
    found = candidates(tmp_path / "training-monitor.yaml", {"HOME": "/home/ann", **environ})
    assert found == ([] if expected is None else [Path(expected)])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "a: [",
        "control: 7",
        "control: {socket: [x]}",
        "state_dir: 7",
        'state_dir: "${env:NOT_SET}"',
        "a: &b *b",
    ],
)
def test_a_config_that_is_wrong_leads_to_no_socket_and_to_no_traceback(text: str, tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(text)
    assert candidates(file, {}) == []


@pytest.mark.parametrize("place", ["state_dir: /srv/tm", "control:\n  socket: /srv/tm/control.sock"])
def test_what_is_no_yaml_elsewhere_leads_to_the_socket_all_the_same(place: str, tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(f"accounts: [}}\n{place}\nrules: [\n")
    assert candidates(file, {}) == [Path("/srv/tm/control.sock")]


def test_the_group_is_kept(read: Read) -> None:
    assert read("control: {group: people, socket: /run/a.sock}").control == Control(Path("/run/a.sock"), "people")


def test_commands_that_load_no_settings_know_the_same_places() -> None:
    assert places.CONFIG_NAMES == root.CONFIG_NAMES
    assert (sockets.STATE, sockets.SYSTEM_STATE) == (root.DEFAULT_STATE, root.SYSTEM_STATE)
    assert sockets.NAME == root.SOCKET_NAME


@pytest.mark.parametrize(
    ("listen", "more", "page"),
    [
        ("127.0.0.1:0", "", "http://127.0.0.1:81/"),
        ("[::1]:0", "", "http://[::1]:81/"),
        ("0.0.0.0:0", f", token: {TOKEN}", "http://127.0.0.1:81/"),
        ("127.0.0.1:0", ", public_url: 'https://monitor.example.org'", "https://monitor.example.org"),
        ("off", "", "off"),
    ],
)
def test_where_the_status_page_is_can_be_opened_by_this_machine_or_by_all(
    read: Read, listen: str, more: str, page: str
) -> None:
    assert read(f'http: {{listen: "{listen}"{more}}}').http.page(81) == page
