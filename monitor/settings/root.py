"""The whole config file as one model, composed of what each room declares, and the settings that come of it."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema, field_validator
from yarl import URL

from monitor.actions.options import CleanupOptions
from monitor.fields import Duration, Secret
from monitor.fields.strict import Strict
from monitor.ledger.budget_options import BudgetOptions
from monitor.ledger.options import PriceOptions
from monitor.providers.options import AccountOptions
from monitor.rules.options import FlappingOptions, PersonOptions, RuleOptions, UnmatchedOptions
from monitor.settings.heartbeat import HeartbeatOptions
from monitor.sinks.options import SinkOptions
from monitor.store.options import RetentionOptions

CONFIG_NAMES = (Path("training-monitor.yaml"), Path("/etc/training-monitor/training-monitor.yaml"))
DEFAULT_STATE = "~/.local/state/training-monitor"
SYSTEM_STATE = "/var/lib/training-monitor"
"""The unit's StateDirectory: where commands find what the service with the config file under /etc knows."""
SOCKET_NAME = "control.sock"
TOKEN_LENGTH = 16
_TOKEN = re.compile(rf"[!-~]{{{TOKEN_LENGTH},}}")
_LISTEN = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):([0-9]{1,5})")


@dataclass(frozen=True, slots=True)
class Listen:
    """Where HTTP is served; port 0 lets the system choose."""

    host: str
    port: int


def _listen(value: Any) -> Any:
    if value == "off":
        return None
    found = _LISTEN.fullmatch(value) if isinstance(value, str) else None
    if found is None or int(found[2]) > 65535:
        raise ValueError("expected HOST:PORT, like 127.0.0.1:8650, or off")
    return Listen(found[1].strip("[]"), int(found[2]))


def loopback(host: str) -> bool:
    """Whether only this machine reaches that address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _public_url(value: Any) -> Any:
    try:
        url = URL(value)
        right = url.scheme in ("http", "https") and bool(url.host) and url.raw_path == "/" and url == url.origin()
    except (TypeError, ValueError):
        right = False
    if not right:
        raise ValueError("expected http(s)://HOST or http(s)://HOST:PORT, like https://monitor.example.org")
    return str(value).rstrip("/")


def _token(secret: Secret | None) -> Secret | None:
    if secret is not None and secret.missing is None and _TOKEN.fullmatch(secret.reveal()) is None:
        raise ValueError(
            f"needs at least {TOKEN_LENGTH} letters, digits and signs, without blanks; make one: openssl rand -hex 24"
        )
    return secret


def _socket(value: Any) -> Any:
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError("expected the path of a socket, like /run/training-monitor/control.sock, or off")
    return value


def _store(value: Any) -> Any:
    if isinstance(value, str) and re.match(r"sqlite:(?!//|memory$).|postgres(ql)?://.", value) is None:
        raise ValueError("expected sqlite:PATH (relative to state_dir) or postgresql://user@host/database")
    return value


def _or_off(schema: dict[str, Any]) -> None:
    """`off` is what editors offer in the place of null."""
    schema["anyOf"] = [{"const": "off"} if form == {"type": "null"} else form for form in schema["anyOf"]]


class HttpOptions(Strict):
    """The HTTP port: the status page, the API, metrics, health and readiness."""

    token: Annotated[Secret | None, AfterValidator(_token)] = None
    """Who may use the port, and change something by it: `Authorization: Bearer TOKEN`, or the page's sign-in. At least
    16 letters, digits and signs. Needed where `listen` is reached from other machines; without it the port is
    read-only."""
    listen: Annotated[
        Listen | None,
        BeforeValidator(_listen),
        WithJsonSchema({"type": "string", "examples": ["127.0.0.1:8650", "off"]}),
    ] = Listen("127.0.0.1", 8650)
    """HOST:PORT, or off."""
    public_url: Annotated[
        str | None,
        BeforeValidator(_public_url),
        WithJsonSchema({"type": "string", "format": "uri", "examples": ["https://monitor.example.org"]}),
    ] = None
    """Where people reach the port, as behind a reverse proxy. Its host is answered to; https makes cookies secure; and
    messages that remind or escalate have a link by which they are acknowledged."""

    @field_validator("listen")
    @classmethod
    def _guarded(cls, listen: Listen | None, info: ValidationInfo) -> Listen | None:
        # a token that is itself wrong is told by itself
        if listen is not None and not loopback(listen.host) and info.data.get("token", "wrong") is None:
            raise ValueError(
                "a port that other machines reach needs `http.token`, "
                f"at least {TOKEN_LENGTH} characters (make one: openssl rand -hex 24); or write 127.0.0.1:{listen.port}"
            )
        return listen

    def page(self, port: int | None) -> str:
        """Where people open the status page; `port` is the one that was opened (None: `off`)."""
        if self.listen is None or port is None:
            return "off"
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.listen.host, self.listen.host)  # noqa: S104 - only read
        return self.public_url or f"http://{f'[{host}]' if ':' in host else host}:{port}/"


class ControlOptions(Strict):
    """The control socket, over which commands ask the running daemon."""

    socket: Annotated[
        str | None,
        BeforeValidator(_socket),
        WithJsonSchema({"type": "string", "examples": ["/run/training-monitor/control.sock", "off"]}),
    ] = None
    """Its path, relative to the state directory, or off. Default: control.sock in systemd's runtime directory, else in
    the state directory."""
    group: Annotated[str, Field(min_length=1)] | None = None
    """People of this group may use it (mode 0660). Default: the daemon's own group."""


@dataclass(frozen=True, slots=True)
class Control:
    """Where the control socket is, None: off; and whose group may use it, None: the daemon's own."""

    socket: Path | None
    group: str | None = None


class Plain(Strict):
    """The sections whose form does not depend on a kind; accounts and sinks are checked by their kinds' own options."""

    store: Annotated[str, BeforeValidator(_store), Field(repr=False)] = "sqlite:monitor.db"
    """`sqlite:PATH` (relative to the state directory) or `postgresql://user@host/database`."""
    state_dir: Annotated[str, Field(min_length=1)] | None = None
    """Default: systemd's state directory; for the file under /etc /var/lib/training-monitor; else
    ~/.local/state/training-monitor."""
    retention: RetentionOptions = RetentionOptions()
    http: HttpOptions = HttpOptions()
    control: ControlOptions = ControlOptions()
    people: list[PersonOptions] = Field(default_factory=list)
    """Platform users and where to reach them; `owner` in a rule means these."""
    prices: list[PriceOptions] = Field(default_factory=list)
    """What usage costs; these stand before the prices that are shipped."""
    budgets: list[BudgetOptions] = Field(default_factory=list)
    """How much may be used, and when that is told."""
    cleanup: list[CleanupOptions] = Field(default_factory=list)
    """Which finished jobs are deleted from their platform."""
    rules: list[RuleOptions] = Field(default_factory=list)
    """Which events are told to whom. Without any rule and without `unmatched`, everything is told to every sink."""
    unmatched: UnmatchedOptions | None = None
    """The net: who is told what no rule took."""
    heartbeat: HeartbeatOptions | None = None
    """A sign of life to a dead man's switch outside."""
    flapping: Annotated[
        FlappingOptions | None,
        BeforeValidator(lambda value: None if value == "off" else value),
        Field(json_schema_extra=_or_off),
    ] = FlappingOptions()
    """When a stock changes too often to be worth a message each; `off`: never."""
    catch_up_after: Duration = 900.0
    """A gap in polling after which changes are told as one message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A config file that was checked as a whole. Secrets in it may be unresolved (`resolve=False`)."""

    path: Path
    store: str = field(repr=False)
    state_dir: Path
    http: HttpOptions
    control: Control
    accounts: tuple[AccountOptions, ...]
    people: tuple[PersonOptions, ...]
    prices: tuple[PriceOptions, ...]
    sinks: tuple[SinkOptions, ...]
    rules: tuple[RuleOptions, ...]
    unmatched: UnmatchedOptions | None
    flapping: FlappingOptions | None
    catch_up_after: float
    """Seconds."""
    budgets: tuple[BudgetOptions, ...] = ()
    cleanup: tuple[CleanupOptions, ...] = ()
    retention: RetentionOptions = field(default_factory=RetentionOptions)
    heartbeat: HeartbeatOptions | None = None
