"""`check --online`: logs in to each account and looks at the way to each sink, and says what came of it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from monitor.cli.failure import DONE, FAILED, PARTLY, USAGE, Failure
from monitor.cli.options import Output

if TYPE_CHECKING:
    from monitor.app.online import Seen, Tried
    from monitor.app.ways import Way
    from monitor.cli.trial import Trial
    from monitor.settings import Settings

SEND = 20.0
"""Seconds that a test message is waited for."""
_CODES = {"works": DONE, "partly": PARTLY, "failed": FAILED}


def online(settings: Settings, output: Output, *, send: bool, retry_key: str | None) -> int:
    """Prints what was found and returns the exit code: 0 all well, 3 partly, 1 nothing works. Raises StoreError."""
    from monitor.cli import out
    from monitor.cli.progress import progress
    from monitor.store.state_dir import keep_private
    from monitor.telemetry.setup import set_up

    if retry_key is not None and retry_key not in {account.name for account in settings.accounts}:
        there = ", ".join(account.name for account in settings.accounts)
        raise Failure(f"No account is named {retry_key!r}.", f"There are: {there}.", code=USAGE)
    set_up(sys.stderr, level="error")
    keep_private()  # where it makes the database, it makes it as `run` does
    with progress("asking the platforms …") as say:
        accounts, ways = asyncio.run(_look(settings, retry_key, lambda name: say(f"{name} is done …")))
        trials = {}
        for sink in settings.sinks if send else ():
            say(f"sending a test message to {sink.name} …")
            trials[sink.name] = asyncio.run(_sent(settings, sink.name))
    result = _result(accounts, ways, trials)
    if output is Output.TABLE:
        _print(accounts, ways, trials, retry_key)
    else:
        out.document(output, _document(result, accounts, ways, trials))
    return _CODES[result]


async def _look(settings: Settings, retry_key: str | None, told: Any) -> tuple[list[Seen], list[Way]]:
    from monitor.app.online import try_accounts
    from monitor.app.ways import try_ways
    from monitor.fields import SystemClock

    clock = SystemClock()
    accounts, ways = await asyncio.gather(
        try_accounts(settings, clock, retry_key=retry_key, told=told), try_ways(settings.sinks, clock, told)
    )
    return accounts, ways


async def _sent(settings: Settings, name: str) -> Trial:
    from monitor.cli.trial import try_sink

    return await try_sink(settings, next(sink for sink in settings.sinks if sink.name == name), SEND)


def _result(accounts: Sequence[Seen], ways: Sequence[Way], trials: dict[str, Trial]) -> str:
    from monitor.app.online import worst

    verdicts = [account.verdict for account in accounts]
    for way in ways:
        trial = trials.get(way.name)
        if trial is not None:
            verdicts.append("works" if trial.delivered else "failed")
        elif way.state in ("open", "closed"):
            verdicts.append("works" if way.state == "open" else "failed")
    return worst(verdicts)


def _print(accounts: Sequence[Seen], ways: Sequence[Way], trials: dict[str, Trial], retry_key: str | None) -> None:
    from monitor.cli import out
    from monitor.cli.verdicts import titled, told

    for account in accounts:
        titled(f"account {account.name} ({account.provider}): {account.verdict}")
        for tried in account.tried:
            if tried.state != "skipped":
                told(*_line(tried))
        for why, left in _skipped(account.tried).items():
            told("skipped", f"{', '.join(left)}: {why}")
        for state, text, *remedies in _facts(account, retry_key):
            told(state, text, *remedies)
        out.line()
    for way in ways:
        titled(f"sink {way.name} ({way.type})")
        told(*_way(way))
        if way.expires_soon:
            told(
                "warning", f"its certificate ends {way.certificate_ends:%Y-%m-%d}", "whoever runs the service renews it"
            )
        if (trial := trials.get(way.name)) is not None:
            _print_trial(trial)
        elif way.state != "here":
            told("", f"nothing was sent; try it: training-monitor sinks test {way.name}")
    out.line()


def _line(tried: Tried) -> tuple[str, ...]:
    state = tried.state if tried.state == "ok" or tried.watch is not None else "no"
    text = f"{tried.what}: {tried.detail}" if tried.detail else tried.what
    if tried.watch is None:
        text += " (no watch needs it)"
    return (state, text, *([tried.hint] if tried.hint and tried.watch is not None else []))


def _skipped(tried: Sequence[Tried]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in tried:
        if each.state == "skipped":
            found.setdefault(each.detail, []).append(each.what)
    return found


def _facts(account: Seen, retry_key: str | None) -> Iterator[tuple[str, ...]]:
    from monitor.app.online import LAST_TRY, REFUSALS, SKEW

    if account.skew is not None and abs(account.skew) > SKEW:
        side = "behind" if account.skew > 0 else "ahead of"
        text = f"this machine's clock is {_seconds(abs(account.skew))} {side} the platform's"
        yield "warning", text, "set the clock: timedatectl set-ntp true. At 15 minutes signatures are refused."
    elif account.latency is not None:
        yield "ok", f"answers within {account.latency * 1000:.0f} ms; the clocks agree"
    for remark in account.remarks:
        yield "warning", remark
    count = account.bad_signatures
    if count == 0:
        return
    text = f"bad signatures in a row: {count}; the platform locks a key after five"
    if count < REFUSALS:
        yield "warning", text, f"at most {REFUSALS} are risked, by the daemon and by this command together"
    elif count < LAST_TRY and retry_key is None:
        again = f"training-monitor check --online --retry-key {account.name}"
        yield "warning", text, f"a corrected key is tried at once; one that was made good again unchanged: {again}"
    else:
        yield "warning", text, "this key is not tried any more; make a new one in the platform's console"


def _seconds(seconds: float) -> str:
    from monitor.fields import format_duration

    return format_duration(seconds)


def _way(way: Way) -> tuple[str, ...]:
    word = {"open": "ok", "closed": "failed", "here": "ok", "unknown": "skipped"}[way.state]
    return (word, way.detail, *([way.hint] if way.hint else []))


def _print_trial(trial: Trial) -> None:
    from monitor.cli.verdicts import told

    if trial.delivered:
        told("ok", "a test message was delivered")
        return
    told("failed", f"{trial.sentence()} {trial.last}".strip(), "training-monitor deliveries list")


def _document(result: str, accounts: Sequence[Seen], ways: Sequence[Way], trials: dict[str, Trial]) -> dict[str, Any]:
    from dataclasses import asdict

    from monitor.model import rfc3339

    sinks = []
    for way in ways:
        ends = rfc3339(way.certificate_ends) if way.certificate_ends else None
        trial = trials.get(way.name)
        sinks.append({**asdict(way), "certificate_ends": ends, "test": trial.data() if trial else None})
    told = [
        {
            "name": account.name,
            "provider": account.provider,
            "verdict": account.verdict,
            "clock_skew": account.skew,
            "latency": account.latency,
            "bad_signatures": account.bad_signatures,
            "remarks": account.remarks,
            "tried": [asdict(tried) for tried in account.tried],
        }
        for account in accounts
    ]
    return {"result": result, "accounts": told, "sinks": sinks}
