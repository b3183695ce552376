"""The whole config file as one model, composed of what each room declares, and the settings that come of it."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from monitor.fields import Duration
from monitor.fields.strict import Strict
from monitor.ledger.options import PriceOptions
from monitor.providers.options import AccountOptions
from monitor.rules.options import PersonOptions, RuleOptions, UnmatchedOptions
from monitor.sinks.options import SinkOptions

CONFIG_NAMES = (Path("training-monitor.yaml"), Path("/etc/training-monitor/training-monitor.yaml"))
DEFAULT_STATE = "~/.local/state/training-monitor"
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
    host = found[1].strip("[]")
    if not _loopback(host):
        raise ValueError(
            f"a port beyond this machine needs a token, which is not supported yet; write 127.0.0.1:{found[2]}"
        )
    return Listen(host, int(found[2]))


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _store(value: Any) -> Any:
    if isinstance(value, str) and re.match(r"sqlite:(?!//|memory$).|postgres(ql)?://.", value) is None:
        raise ValueError("expected sqlite:PATH (relative to state_dir) or postgresql://user@host/database")
    return value


class HttpOptions(Strict):
    """The HTTP port: health and readiness."""

    listen: Annotated[
        Listen | None,
        BeforeValidator(_listen),
        WithJsonSchema({"type": "string", "examples": ["127.0.0.1:8650", "off"]}),
    ] = Listen("127.0.0.1", 8650)
    """HOST:PORT on this machine, or off."""


class Plain(Strict):
    """The sections whose form does not depend on a kind; accounts and sinks are checked by their kinds' own options."""

    store: Annotated[str, BeforeValidator(_store), Field(repr=False)] = "sqlite:monitor.db"
    """`sqlite:PATH` (relative to the state directory) or `postgresql://user@host/database`."""
    state_dir: Annotated[str, Field(min_length=1)] | None = None
    """Default: systemd's state directory, else ~/.local/state/training-monitor."""
    http: HttpOptions = HttpOptions()
    people: list[PersonOptions] = Field(default_factory=list)
    """Platform users and where to reach them; `owner` in a rule means these."""
    prices: list[PriceOptions] = Field(default_factory=list)
    """What usage costs."""
    rules: list[RuleOptions] = Field(default_factory=list)
    """Which events are told to whom. Without any rule and without `unmatched`, everything is told to every sink."""
    unmatched: UnmatchedOptions | None = None
    """The net: who is told what no rule took."""
    catch_up_after: Duration = 900.0
    """A gap in polling after which changes are told as one message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A config file that was checked as a whole. Secrets in it may be unresolved (`resolve=False`)."""

    path: Path
    store: str = field(repr=False)
    state_dir: Path
    http: HttpOptions
    accounts: tuple[AccountOptions, ...]
    people: tuple[PersonOptions, ...]
    prices: tuple[PriceOptions, ...]
    sinks: tuple[SinkOptions, ...]
    rules: tuple[RuleOptions, ...]
    unmatched: UnmatchedOptions | None
    catch_up_after: float
    """Seconds."""
