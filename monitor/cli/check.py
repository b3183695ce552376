"""`check`: everything that can be said of a config file without contacting anybody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli import completion
from monitor.cli.options import Config, Format, Output

if TYPE_CHECKING:
    from monitor.settings import Settings


def check(
    config: Config = None,
    output: Format = Output.TABLE,
    online: Annotated[
        bool, typer.Option("--online", help="Also log in to each account and look whether each sink can be reached.")
    ] = False,
    send: Annotated[bool, typer.Option("--send", help="With --online: send a test message to each sink.")] = False,
    retry_key: Annotated[
        str | None,
        typer.Option(
            "--retry-key",
            metavar="ACCOUNT",
            help="With --online: once more try a key that was refused and then made good again unchanged.",
            autocompletion=completion.accounts,
        ),
    ] = None,
) -> None:
    """Checks the config file: every mistake at once, every secret resolved, every rule compiled.

    Without --online nobody is contacted. With it, a wrong key costs at most three tries, counted together with those
    of the daemon, so that no platform locks it. Ends with 0 where all is well, 3 where some of it works, 1 where
    nothing does.
    """
    from monitor.cli import out
    from monitor.cli.failure import USAGE, Failure
    from monitor.cli.opening import load_settings

    if not online and (send or retry_key is not None):
        raise Failure("--send and --retry-key are for --online.", "Like: training-monitor check --online", code=USAGE)
    settings = load_settings(config, resolve=True)
    if online:
        from monitor.cli.online import online as look

        raise typer.Exit(look(settings, output, send=send, retry_key=retry_key))
    if output is Output.TABLE:
        _print(settings)
    else:
        out.document(output, _summary(settings))


def _summary(settings: Settings) -> dict[str, Any]:
    from monitor.settings.crosscheck import requests_per_second

    listen = settings.http.listen
    return {
        "config": str(settings.path),
        "store": _place(settings),
        "http": f"{listen.host}:{listen.port}" if listen else "off",
        "accounts": [
            {
                "name": account.name,
                "provider": getattr(account, "provider", ""),
                "watches": {name: watch.every for name, watch in account.watches().items()},
                "requests_per_minute": round(60 * requests_per_second(account), 1),
                "budget_per_minute": round(60 * account.budget.requests_per_second, 1),
            }
            for account in settings.accounts
        ],
        "sinks": [{"name": sink.name, "type": getattr(sink, "type", "")} for sink in settings.sinks],
        "rules": [{"name": rule.name, "on": list(rule.on), "notify": list(rule.notify)} for rule in settings.rules],
        "unmatched": list(settings.unmatched.notify) if settings.unmatched else [],
        "people": len(settings.people),
        "prices": len(settings.prices),
        "warnings": _warnings(settings),
    }


def _warnings(settings: Settings) -> list[str]:
    """What is allowed and still hardly meant: trouble that nobody hears of, owners whom nobody knows, `$NAME`."""
    from monitor.cli.leaving import waits_for_removed
    from monitor.cli.renames import taken as renames_taken
    from monitor.model import DEFAULT_SEVERITY, Severity
    from monitor.rules.globs import matching_types
    from monitor.settings.doubts import doubts

    taken = {type_ for rule in settings.rules for pattern in rule.on for type_ in matching_types(pattern)}
    missed = [
        type_.value for type_, level in DEFAULT_SEVERITY.items() if level is Severity.CRITICAL and type_ not in taken
    ]
    found = []
    if missed and settings.unmatched is None:
        net = "unmatched: {notify: [SINK], min_severity: critical}"
        found.append(f"nobody is told of {', '.join(missed)}; add a rule, or {net}")
    if not settings.people:
        alone = [rule.name for rule in settings.rules if list(rule.notify) == ["owner"] and not rule.fallback]
        found += [f"the rule {name} tells only `owner`, and `people` names nobody" for name in alone]
    return [
        *map(str, doubts(settings.path, settings)),
        *found,
        *map(str, renames_taken(settings)),
        *waits_for_removed(settings),
    ]


def _place(settings: Settings) -> str:
    """Where the store is, without any password."""
    from monitor.store.url import parse_place

    return str(parse_place(settings.store, settings.state_dir))


def _print(settings: Settings) -> None:
    from monitor.cli import out
    from monitor.cli.table import Column
    from monitor.fields import format_duration

    found = _summary(settings)
    cells = [
        [
            account["name"],
            account["provider"],
            ", ".join(f"{name} every {format_duration(every)}" for name, every in account["watches"].items()),
            f"{account['requests_per_minute']:g} of {account['budget_per_minute']:g}",
        ]
        for account in found["accounts"]
    ]
    titles = ("ACCOUNT", "PROVIDER", "WATCHES", "REQUESTS/MIN")
    least = (8, 8, 20, 9)
    columns = [Column(title=title, least=size) for title, size in zip(titles, least, strict=True)]
    out.rows(columns, cells, "")
    out.line()
    out.page(
        [
            ("sinks", ", ".join(f"{sink['name']} ({sink['type']})" for sink in found["sinks"])),
            ("rules", ", ".join(rule["name"] for rule in found["rules"]) or "none"),
            ("unmatched", ", ".join(found["unmatched"]) or "told to nobody"),
            ("people", found["people"]),
            ("prices", found["prices"]),
            ("store", found["store"]),
            ("http", found["http"]),
        ]
    )
    out.line()
    for warning in found["warnings"]:
        out.line(f"warning: {warning}")
    out.line(f"{settings.path} is in order.")
