"""What a good config file becomes, and how references and secrets are treated on the way."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.fields import Secret
from monitor.settings import ConfigErrors, Listen, Only, Settings, load

EXAMPLE = Path(__file__).parents[2] / "config" / "training-monitor.example.yaml"
ACCOUNT = "accounts:\n  - {name: a, provider: model-studio, api_key: k, jobs: {}}\n"
SINK = "sinks:\n  - {name: log, type: log}\n"
EXAMPLE_ENVIRON = {
    "HOME": "/home/ann",
    "DASHSCOPE_API_KEY": "sk-0123456789",
    "HUAWEICLOUD_SDK_AK": "AK0123456789",
    "HUAWEICLOUD_SDK_SK": "SK0123456789",
    "SLACK_URL": "json://localhost",
    "ANN_MAIL_URL": "json://localhost",
    "HOOK_SECRET": "whsec_c2VjcmV0",
    "HOOK_TOKEN": "token",
    "HEARTBEAT_URL": "https://hc.example.org/ping/uuid",
}

Write = Callable[..., Settings]


@pytest.fixture
def read(tmp_path: Path) -> Write:
    """Loads a text as a config file."""

    def loaded(
        text: str,
        *,
        resolve: bool | Only = True,
        environ: dict[str, str] | None = None,
        credentials_dir: Path | None = None,
    ) -> Settings:
        path = tmp_path / "training-monitor.yaml"
        path.write_text(text)
        return load(path, resolve=resolve, environ=environ or {"HOME": "/home/ann"}, credentials_dir=credentials_dir)

    return loaded


def refused(read: Write, text: str, **options: object) -> str:
    with pytest.raises(ConfigErrors) as caught:
        read(text, **options)
    return str(caught.value)


def test_the_example_loads_with_every_secret_resolved() -> None:
    settings = load(EXAMPLE, resolve=True, environ=EXAMPLE_ENVIRON, credentials_dir=None)

    assert [account.name for account in settings.accounts] == ["llm-beijing", "ascend-north"]
    assert [sink.name for sink in settings.sinks] == [
        *("team-slack", "ann-mail", "hook", "bus", "on-call", "archive", "journal")
    ]
    assert [rule.name for rule in settings.rules] == [
        *("job-failed", "job-ended", "stuck-in-queue", "stock", "requeued", "weekly", "long-runs")
    ]
    assert "0123456789'" not in repr(settings).replace("project_id='0123456789", "")
    assert settings.catch_up_after == 900


def test_the_example_loads_without_any_secret_where_none_is_needed() -> None:
    settings = load(EXAMPLE, resolve=False, environ={"HOME": "/home/ann"}, credentials_dir=None)

    secret = settings.sinks[0].url  # type: ignore[attr-defined]
    assert isinstance(secret, Secret)
    with pytest.raises(LookupError):
        secret.reveal()


def test_the_smallest_file_is_an_account_and_a_sink_and_tells_everything_to_it(read: Write) -> None:
    settings = read(ACCOUNT + SINK)

    assert settings.http.listen == Listen("127.0.0.1", 8650)
    assert settings.state_dir == Path("/home/ann/.local/state/training-monitor")
    assert settings.unmatched is not None
    assert settings.unmatched.notify == ["log"]


def test_with_a_rule_the_net_is_only_what_the_file_says(read: Write) -> None:
    rules = "rules:\n  - {name: r, on: [job.finished], notify: [log]}\n"
    assert read(ACCOUNT + SINK + rules).unmatched is None


def test_words_that_older_yaml_took_for_truth_or_numbers_stay_text(read: Write) -> None:
    labels = "{on: on, no: no, yes: yes, off: off, clock: 22:00, day: 2026-01-01, oct: 0o, y: y}"
    settings = read(ACCOUNT.replace("jobs: {}", f"jobs: {{}}, labels: {labels}") + SINK)

    assert settings.accounts[0].labels == {
        "on": "on",
        "no": "no",
        "yes": "yes",
        "off": "off",
        "clock": "22:00",
        "day": "2026-01-01",
        "oct": "0o",
        "y": "y",
    }


def test_a_rule_may_be_written_with_on_as_a_key(read: Write) -> None:
    settings = read(ACCOUNT + SINK + "rules:\n  - name: r\n    on: [job.finished]\n    notify: [log]\n")
    assert settings.rules[0].on == ["job.finished"]


def test_anchors_and_aliases_stand_for_what_they_name(read: Write) -> None:
    text = """\
accounts:
  - {name: a, provider: model-studio, api_key: k, jobs: &watch {every: 45s}}
  - {name: b, provider: model-studio, api_key: l, jobs: *watch}
"""
    assert [account.watches()["jobs"].every for account in read(text + SINK).accounts] == [45, 45]


def test_references_stand_anywhere_inside_a_text(read: Write, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from-a-file\n\n")
    (tmp_path / "credential").write_text("from-a-credential\r\n")
    text = f"""\
accounts:
  - name: a
    provider: model-studio
    api_key: x-${{file:{tmp_path}/key}}-${{credential:credential}}-${{env:PART}}-$$-$5
    endpoint: https://${{env:PART}}.example.org/api/v1
    jobs: {{}}
"""
    settings = read(text + SINK, environ={"PART": "env"}, credentials_dir=tmp_path)

    account = settings.accounts[0]
    assert account.api_key.reveal() == "x-from-a-file\n-from-a-credential-env-$-$5"  # type: ignore[attr-defined]
    assert account.endpoint == "https://env.example.org/api/v1"  # type: ignore[attr-defined]


def test_a_reference_is_put_in_after_parsing_and_never_read_as_yaml(read: Write) -> None:
    text = ACCOUNT.replace("api_key: k", "api_key: '${env:KEY}'")
    settings = read(text + SINK, environ={"KEY": "a: [b, {c}]\n- d"})
    assert settings.accounts[0].api_key.reveal() == "a: [b, {c}]\n- d"  # type: ignore[attr-defined]


def test_what_is_put_in_is_not_searched_for_references_again(read: Write) -> None:
    text = ACCOUNT.replace("api_key: k", "api_key: '${env:KEY}'")
    settings = read(text + SINK, environ={"KEY": "${env:OTHER}", "OTHER": "no"})
    assert settings.accounts[0].api_key.reveal() == "${env:OTHER}"  # type: ignore[attr-defined]


def test_without_resolving_secrets_other_fields_are_still_put_in(read: Write) -> None:
    text = ACCOUNT.replace("api_key: k", "api_key: '${env:GONE}', region: '${env:REGION}'")
    settings = read("store: ${env:STORE}\n" + text + SINK, resolve=False, environ={"REGION": "r", "STORE": "sqlite:x"})

    assert settings.store == "sqlite:x"
    assert settings.accounts[0].region == "r"  # type: ignore[attr-defined]
    assert settings.accounts[0].api_key.missing  # type: ignore[attr-defined]


def test_without_resolving_secrets_a_missing_variable_elsewhere_is_an_error(read: Write) -> None:
    said = refused(read, "store: ${env:STORE}\n" + ACCOUNT + SINK, resolve=False)
    assert "1:8: store: the environment variable STORE is not set" in said


def test_only_the_named_sink_is_resolved_where_a_command_needs_no_more(read: Write) -> None:
    sinks = """\
sinks:
  - {name: a, type: webhook, url: "${env:A}"}
  - {name: b, type: webhook, url: "${env:B}"}
"""
    text = ACCOUNT.replace("api_key: k", "api_key: '${env:GONE}'") + sinks
    settings = read(text, resolve=Only("sinks", "b"), environ={"B": "https://b.example.org"})

    assert settings.sinks[1].url.reveal() == "https://b.example.org"  # type: ignore[attr-defined]
    assert settings.sinks[0].url.missing  # type: ignore[attr-defined]
    assert refused(read, text, resolve=Only("sinks", "a")).count("is not set") == 1


def test_a_credential_needs_systemds_directory_and_no_path(read: Write, tmp_path: Path) -> None:
    text = ACCOUNT.replace("api_key: k", "api_key: '${credential:gone}'") + SINK
    assert "$CREDENTIALS_DIRECTORY is not set" in refused(read, text)
    assert f"{tmp_path}/gone: no such file or directory" in refused(read, text, credentials_dir=tmp_path)


def test_a_secret_file_that_may_not_be_read_is_named(read: Write, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "large").write_bytes(b"x" * 70_000)
    for name, why in [("folder", "is not a file"), ("empty", "is empty"), ("binary", "UTF-8"), ("large", "64 KiB")]:
        text = ACCOUNT.replace("api_key: k", f"api_key: '${{file:{tmp_path}/{name}}}'") + SINK
        assert why in refused(read, text)


def test_the_state_directory_is_systemds_unless_the_file_names_one(read: Write) -> None:
    systemd = {"HOME": "/home/ann", "STATE_DIRECTORY": "/var/lib/training-monitor:/var/lib/other"}
    assert read(ACCOUNT + SINK, environ=systemd).state_dir == Path("/var/lib/training-monitor")
    assert read("state_dir: ~/here\n" + ACCOUNT + SINK, environ=systemd).state_dir == Path("/home/ann/here")


def test_commands_with_the_services_config_look_where_the_service_keeps_its_state(
    read: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ours = read(ACCOUNT + SINK, environ={"HOME": "/home/ann"})
    assert ours.state_dir == Path("/home/ann/.local/state/training-monitor")
    loading = import_module("monitor.settings.load")  # the package has a function of this name
    monkeypatch.setattr(loading, "CONFIG_NAMES", (Path("here.yaml"), ours.path))
    services = read(ACCOUNT + SINK, environ={"HOME": "/root"})
    assert services.state_dir == Path("/var/lib/training-monitor")
    assert services.control.socket == Path("/var/lib/training-monitor/control.sock")


@pytest.mark.parametrize("store", ["sqlite:///x.db", "'sqlite:'", "sqlite:memory", "mysql://h/d", "monitor.db", "''"])
def test_a_store_that_is_neither_a_sqlite_file_nor_a_postgresql_server_is_refused(read: Write, store: str) -> None:
    assert "store: expected sqlite:PATH" in refused(read, f"store: {store}\n" + ACCOUNT + SINK)


def test_http_can_be_turned_off(read: Write) -> None:
    assert read("http: {listen: off}\n" + ACCOUNT + SINK).http.listen is None
    assert read("http: {listen: '[::1]:9'}\n" + ACCOUNT + SINK).http.listen == Listen("::1", 9)


def test_a_file_that_is_not_there_may_not_be_read_or_is_too_large_is_answered_plainly(tmp_path: Path) -> None:
    large = tmp_path / "large.yaml"
    large.write_bytes(b"# x\n" * 300_000)
    for path, why in [(tmp_path / "nix", "no such file"), (tmp_path, "directory"), (large, "1 MiB")]:
        with pytest.raises(ConfigErrors, match=why):
            load(path, resolve=False, environ={}, credentials_dir=None)


def test_an_apprise_url_that_apprise_does_not_take_is_found_at_load(read: Write) -> None:
    said = refused(read, ACCOUNT + "sinks:\n  - {name: s, type: apprise, url: 'nonsense://token-abc'}\n")
    assert "4:35: sinks[0].url: " in said
    assert "token-abc" not in said


_YAMLISH = st.text(alphabet="ab:-{}[]&*!|>'\"%@`#?,$~ \n\t\r\\0159.e\x00\x85\ufeff\u2028é", max_size=60)
_WORDS = """accounts: sinks: rules: - name: a provider: model-studio modelarts api_key: jobs: {} {every: 1s} every:
type: log on: [job.finished] when: notify: [log] ${env:X} null true 3 &a *a | > prices: http: people: unmatched: store:
budget: ' " ? ! -- --- ... %YAML"""
_PIECES = st.lists(st.sampled_from([*_WORDS.split(), "\n", "\n  ", "\n    "]), max_size=30).map(" ".join)


@given(text=st.one_of(_YAMLISH, _PIECES, st.text(max_size=40)))
def test_no_text_makes_load_raise_anything_but_config_errors(
    text: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(ConfigErrors) as caught:
        load(path, resolve=True, environ={"X": "value-of-x"}, credentials_dir=None)
    assert caught.value.problems
    assert all(problem.line >= 1 and problem.column >= 1 for problem in caught.value.problems)
    assert "value-of-x" not in str(caught.value)


@given(raw=st.binary(max_size=60))
def test_no_bytes_make_load_raise_anything_but_config_errors(
    raw: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "bytes.yaml"
    path.write_bytes(raw)
    with pytest.raises(ConfigErrors):
        load(path, resolve=False, environ={}, credentials_dir=None)
