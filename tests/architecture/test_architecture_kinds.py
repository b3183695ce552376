"""Provider and sink kinds: each folder keeps the contract, is found by its name, and is loaded when it is asked for."""

from __future__ import annotations

import inspect
import subprocess
import sys
from typing import Any, get_args

import pytest

from monitor.emulation import Faults
from monitor.fields import SystemClock
from monitor.providers import registry as providers
from monitor.providers.options import AccountOptions
from monitor.sinks import registry as sinks
from monitor.sinks.options import SinkOptions


@pytest.mark.parametrize(
    ("registry", "kind", "field", "base"),
    [(providers, kind, "provider", AccountOptions) for kind in providers.kinds()]
    + [(sinks, kind, "type", SinkOptions) for kind in sinks.kinds()],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_kind_is_named_as_its_folder_and_can_be_built(registry: Any, kind: str, field: str, base: type) -> None:
    options = registry.options(kind)
    assert issubclass(options, base)
    assert get_args(options.model_fields[field].annotation) == (kind,)
    assert options.model_config["extra"] == "forbid"
    assert options.model_config["frozen"]
    assert list(inspect.signature(registry.builder(kind)).parameters) == ["options", "http", "clock"]


@pytest.mark.parametrize("kind", providers.kinds())
def test_every_provider_brings_an_emulator(kind: str) -> None:
    one = providers.emulator(kind)(SystemClock(), seed=1, autoplay=False)
    assert isinstance(one.faults, Faults)
    assert sum(one.requests.values()) == 0
    assert len(list(one.routes())) >= 2


@pytest.mark.parametrize(
    ("registry", "kind"),
    [(providers, "no-such"), (providers, "ports"), (providers, "model_studio"), (sinks, "slack"), (sinks, "../log")],
)
def test_an_unknown_kind_is_refused_with_those_that_there_are(registry: Any, kind: str) -> None:
    for ask in (registry.options, registry.builder):
        with pytest.raises(LookupError, match=registry.kinds()[0]):
            ask(kind)


HEAVY = ["alembic", "apprise", "asyncpg", "cel_expr_python", "jinja2", "aiohttp", "sqlalchemy", "rich.table"]


def test_the_command_line_starts_without_what_it_may_not_need() -> None:
    """`--version` and a mistyped command answer at once: libraries are loaded by who needs them."""
    code = f"import sys, monitor.cli.main; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_options_of_a_kind_do_not_load_its_library() -> None:
    code = (
        "import sys; from monitor.sinks import registry; registry.options('apprise')\n"
        "from monitor.providers import registry; [registry.options(kind) for kind in registry.kinds()]\n"
        "print([name for name in ('apprise', 'alembic', 'sqlalchemy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
