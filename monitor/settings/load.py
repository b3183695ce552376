"""The one way from a config file to settings: text, data, references, sections, cross checks; all mistakes at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Any, NamedTuple

from monitor.settings.crosscheck import cross_check
from monitor.settings.document import Document, read_document
from monitor.settings.keys import NOT_YET
from monitor.settings.problems import ConfigErrors, Path, Problem, path_text
from monitor.settings.references import Substitution, Surroundings
from monitor.settings.root import (
    CONFIG_NAMES,
    DEFAULT_STATE,
    SOCKET_NAME,
    SYSTEM_STATE,
    Control,
    ControlOptions,
    Plain,
    Settings,
)
from monitor.settings.rulecheck import default_net, rule_problems
from monitor.settings.scopecheck import scope_problems
from monitor.settings.sections import Sections, names, read_sections
from monitor.settings.sinkcheck import sink_problems
from monitor.settings.source import read_text


class Only(NamedTuple):
    """One entry of a section, by name: `Only("sinks", "journal")`; without a name all of them."""

    section: str
    name: str | None = None


def load(
    path: FilePath,
    *,
    resolve: bool | Only,
    environ: Mapping[str, str],
    credentials_dir: FilePath | None,
    rules: bool = False,
    base: Mapping[str, Any] | None = None,
) -> Settings:
    """The settings that a file stands for. Raises ConfigErrors with every mistake, sorted by place.

    `resolve`: put every reference in, report each that cannot be, compile the rules and build the sinks once. Without
    it, for commands that only read the store, secrets stay unresolved and never fail (`Secret.missing`), only what
    other fields need is looked up, and the libraries of rules and sinks are not loaded. `Only` asks for the secrets of
    one account or sink. `rules`: compile the rules in any case. `base`: right sections that stand in for those that a
    file without `accounts` leaves out.
    """
    document = read_document(str(path), read_text(path))
    if base is not None and "accounts" not in document.data:
        document.data = {**base, **document.data}
    surroundings = Surroundings(environ, credentials_dir)
    substitution = Substitution(surroundings)
    entry = _entry(document, resolve) if isinstance(resolve, Only) else ()
    data = substitution.apply(
        document.data, resolve=lambda at: resolve is True or (bool(entry) and at[: len(entry)] == entry)
    )
    found = read_sections(document, data)
    if substitution.deferred:
        data = _put_in_what_is_not_secret(document, substitution)
        found = read_sections(document, data)
    later = {problem.path for problem in found.problems if problem.message.startswith(NOT_YET)}
    problems = [
        *document.problems,
        *(document.problem(at, message) for at, message in substitution.failed if not _inside(at, later)),
        *found.problems,
        *cross_check(document, data, found),
    ]
    if resolve is True or rules:
        problems += rule_problems(document, data, found)
        problems += scope_problems(document, data, found)
    if resolve is True:
        problems += sink_problems(document, found.sinks)
    if problems:
        raise ConfigErrors(_scrubbed(problems, substitution))
    assert found.plain is not None
    return _settings(path, found, found.plain, environ)


def _inside(path: Path, places: Collection[str]) -> bool:
    """Whether `path` is one of `places` or lies below one."""
    return any(path_text(path[:depth]) in places for depth in range(1, len(path) + 1))


def _put_in_what_is_not_secret(document: Document, substitution: Substitution) -> Any:
    """The data once more, with references left out only where a secret took them."""
    secret = {at: text for at, text in substitution.deferred.items() if text.taken}
    substitution.failed.clear()
    return substitution.apply(_with(document.data, secret), resolve=lambda at: True)


def _with(data: Any, texts: Mapping[tuple[str | int, ...], str], path: tuple[str | int, ...] = ()) -> Any:
    if path in texts:
        return texts[path]
    if isinstance(data, dict):
        return {key: _with(value, texts, (*path, key)) for key, value in data.items()}
    if isinstance(data, list):
        return [_with(value, texts, (*path, index)) for index, value in enumerate(data)]
    return data


def _scrubbed(problems: Iterable[Problem], substitution: Substitution) -> Iterable[Problem]:
    """The problems without any text that a reference brought in."""
    for problem in problems:
        message = problem.message
        for at, (written, value) in substitution.put_in.items():
            if len(value) >= 4 or problem.path == path_text(at):
                for shown in (value, repr(value)[1:-1]):
                    message = message.replace(shown, written)
        yield replace(problem, message=message)


def _settings(path: FilePath, found: Sections, plain: Plain, environ: Mapping[str, str]) -> Settings:
    sinks = tuple(found.sinks.values())
    state_dir = _state_dir(plain.state_dir, path, environ)
    return Settings(
        path=path,
        store=plain.store,
        state_dir=state_dir,
        http=plain.http,
        control=_control(plain.control, state_dir, environ),
        accounts=tuple(found.accounts.values()),
        people=tuple(found.people.values()),
        prices=tuple(found.prices.values()),
        budgets=tuple(found.budgets.values()),
        cleanup=tuple(found.cleanup.values()),
        sinks=sinks,
        rules=tuple(found.rules.values()),
        unmatched=plain.unmatched or default_net(found.rules.values(), sinks),
        flapping=plain.flapping,
        catch_up_after=plain.catch_up_after,
        retention=plain.retention,
        heartbeat=plain.heartbeat,
    )


def _entry(document: Document, only: Only) -> Path:
    if only.name is None:
        return (only.section,)
    return names(document.data, only.section).get(only.name, ())[:2]


def _control(options: ControlOptions, state_dir: FilePath, environ: Mapping[str, str]) -> Control:
    if options.socket == "off":
        return Control(None, options.group)
    runtime = environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
    if options.socket is None:
        return Control((FilePath(runtime) if runtime else state_dir) / SOCKET_NAME, options.group)
    return Control(state_dir / _home(options.socket, environ), options.group)


def _state_dir(configured: str | None, path: FilePath, environ: Mapping[str, str]) -> FilePath:
    under_systemd = environ.get("STATE_DIRECTORY", "").split(":")[0]
    default = SYSTEM_STATE if path == CONFIG_NAMES[-1] else DEFAULT_STATE
    return _home(configured or under_systemd or default, environ)


def _home(chosen: str, environ: Mapping[str, str]) -> FilePath:
    """The path, with the home directory in the place of `~`."""
    if chosen == "~" or chosen.startswith("~/"):
        return FilePath(environ.get("HOME") or FilePath.home()) / chosen[2:]
    return FilePath(chosen)
