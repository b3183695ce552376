"""What a config comes to before it is at work: sinks, each with connections of its own, rules that are compiled."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import aiohttp
import anyio

from monitor.delivery import SinkEntry
from monitor.fields import Clock
from monitor.polling.watching import AccountWatch
from monitor.rules import RuleSet
from monitor.settings import Settings
from monitor.sinks import registry
from monitor.sinks.options import SinkOptions
from monitor.wire import Http, new_session


@dataclass(frozen=True, slots=True)
class OpenSink:
    """A sink that may send. A sink that hangs takes connections from nobody but itself."""

    entry: SinkEntry
    _session: aiohttp.ClientSession

    @classmethod
    async def open(cls, options: SinkOptions, clock: Clock) -> OpenSink:
        """Sends nothing. Raises LookupError for a secret that was not resolved."""
        session = new_session(connections=options.concurrency)
        try:
            sink = registry.builder(options.type)(options, Http(session), clock)
        except BaseException:
            await session.close()
            raise
        return cls(SinkEntry(sink=sink, options=options), session)

    @property
    def name(self) -> str:
        return self.entry.options.name

    async def aclose(self) -> None:
        """May be called twice."""
        async with AsyncExitStack() as closing:
            closing.push_async_callback(self._session.close)
            closing.push_async_callback(self.entry.sink.aclose)


async def open_sinks(wanted: Iterable[SinkOptions], clock: Clock) -> list[OpenSink]:
    """All of them or none. Raises LookupError for a secret that was not resolved."""
    made: list[OpenSink] = []
    try:
        for options in wanted:
            made.append(await OpenSink.open(options, clock))  # noqa: PERF401 - those that were made are closed
    except BaseException:
        await close_all(made)
        raise
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A config that was read anew, with all built that the one before has not. Nothing of it runs yet."""

    settings: Settings
    watches: Sequence[AccountWatch]
    sinks: Sequence[OpenSink]
    ruleset: RuleSet


async def close_all(sinks: Iterable[OpenSink]) -> None:
    with anyio.CancelScope(shield=True):
        async with AsyncExitStack() as closing:
            for sink in sinks:
                closing.push_async_callback(sink.aclose)


def compile_rules(settings: Settings) -> RuleSet:
    return RuleSet.compile(
        settings.rules,
        settings.people,
        settings.unmatched,
        [sink.name for sink in settings.sinks],
        settings.flapping,
        ending=[sink.name for sink in settings.sinks if sink.needs_ends],
    )


def same_rules(one: Settings, other: Settings) -> bool:
    """Whether both come to the same rules."""
    return _heard(one) == _heard(other)


def _heard(settings: Settings) -> tuple[object, ...]:
    sinks = [(sink.name, sink.needs_ends) for sink in settings.sinks]
    return (settings.rules, settings.people, settings.unmatched, settings.flapping, sinks)
