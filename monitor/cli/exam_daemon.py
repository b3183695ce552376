"""`doctor` on the daemon: does it run, does it see its accounts, do its messages go out?"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from monitor.cli.failure import Failure
from monitor.cli.finding import Finding, failed, ok, warning

if TYPE_CHECKING:
    from monitor.cli.asking import Asker

UNIT = "training-monitor.service"
OLD = 900.0
"""Seconds that a message may wait without a word; the heartbeat goes by the same."""
LATEST = 5000
"""Messages that were given up, among which sinks are looked for that the config does not have."""


def running(config: Path | None) -> tuple[bool, list[Finding]]:
    """Whether a daemon answers on its socket. Nothing is said where the file is missing that names the place."""
    from monitor.cli.sockets import VARIABLE, live_socket

    if config is not None and not os.path.exists(config) and not os.environ.get(VARIABLE):
        return False, []
    try:
        path = live_socket(config)
    except Failure as failure:
        return False, [failed("daemon", str(failure), failure.hint)]
    if path is None:
        mend = "training-monitor run, or: systemctl start training-monitor"
        return False, [warning("daemon", "no daemon runs here, so nothing is polled", mend)]
    return True, [ok("daemon", f"it answers on {path}")]


def unit() -> Iterator[Finding]:
    """Of systemd, where it knows the unit."""
    if shutil.which("systemctl") is None:
        return
    command = ["systemctl", "show", UNIT, "--property=LoadState,ActiveState,SubState,UnitFileState,NRestarts"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)  # noqa: S603 - fixed
    except (OSError, subprocess.TimeoutExpired):
        return
    facts = dict(line.partition("=")[::2] for line in done.stdout.splitlines())
    if facts.get("LoadState") != "loaded":
        return
    state = f"{facts.get('ActiveState')} ({facts.get('SubState')})"
    if facts.get("ActiveState") in ("failed", "inactive"):
        level = failed if facts["ActiveState"] == "failed" else warning
        mend = "journalctl -u training-monitor -n 30; systemctl start training-monitor"
        yield level("unit", f"{UNIT} is {state}", mend)
    else:
        yield ok("unit", f"{UNIT} is {state}, started anew {facts.get('NRestarts', '0')} times")
    if facts.get("UnitFileState") == "disabled":
        yield warning("unit", "it will not start with the machine", "systemctl enable training-monitor")


def inside(config: Path | None, alive: bool) -> Iterator[Finding]:
    """What the daemon, or without one the store, says of accounts and messages."""
    from monitor.cli.asking import asking
    from monitor.store import StoreError

    try:
        with asking(config) as ask:
            status = ask.get("/api/v1/status")
            accounts = list(ask.items("/api/v1/accounts", 1000))
            sinks = list(ask.items("/api/v1/sinks", 1000))
            quotas = _quotas_known(ask)
            gone = _gone(ask, status, sinks)
            policies = _policies_known(ask)
            deletions = _open_deletions(ask)
    except (Failure, StoreError) as error:
        if alive:
            yield failed("daemon", str(error), error.hint or "systemctl restart training-monitor")
        return
    yield from _version(status)
    yield from _rejected(status)
    yield from _accounts(accounts, alive)
    yield from _quotas(quotas)
    yield from _policies(policies)
    yield from blind(deletions)
    yield from _messages(status, sinks, gone)
    yield from _heartbeat(status)


def _version(status: Mapping[str, Any]) -> Iterator[Finding]:
    from monitor import __version__

    if status["started_at"] is not None and status["version"] != __version__:
        text = f"the daemon is version {status['version']}, this program {__version__}"
        yield warning("version", text, "systemctl restart training-monitor")


def _rejected(status: Mapping[str, Any]) -> Iterator[Finding]:
    """The file may be right by now; then the daemon does not know yet."""
    wrong = status.get("rejected")  # a daemon of an older version does not say
    if wrong:
        more = f" and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        text = f"the daemon rejected what it read last, and goes on by the one before: {wrong[0]}{more}"
        yield warning("config", text, "training-monitor check; then: training-monitor config reload")


def _accounts(accounts: list[dict[str, Any]], alive: bool) -> Iterator[Finding]:
    from monitor.fields import format_duration

    for account in accounts:
        name = account["name"]
        if account["state"] in ("unreachable", "unauthorized"):
            mend = "training-monitor check --online"
            yield failed(f"account {name}", f"{account['state']}: {account['reason'] or 'no reason given'}", mend)
            continue
        late = [each for each in account["watches"] if (each["age"] or 0.0) > each.get("late_after", inf)]
        for watch in late if alive else ():
            age, every = format_duration(watch["age"]), format_duration(watch["every"])
            text = f"{watch['watch']} were seen {age} ago and should be every {every}"
            yield warning(f"account {name}", text, "training-monitor check --online; journalctl -u training-monitor")
        if account["state"] == "waiting" and alive:
            text = "not every watch has had a good poll yet"
            yield warning(f"account {name}", text, "wait a minute; then: training-monitor check --online")
        elif not late or not alive:
            age = account["age"]
            seen = (
                "nothing was read of it yet" if age is None else f"its oldest data was seen {format_duration(age)} ago"
            )
            yield ok(f"account {name}", seen)


def _quotas_known(ask: Asker) -> list[dict[str, Any]]:
    try:
        return list(ask.items("/api/v1/quotas", 1000))
    except Failure:  # a daemon of an older version, of which the status says so
        return []


def _quotas(quotas: list[dict[str, Any]]) -> Iterator[Finding]:
    """What is known of how many jobs may exist; an account of which nobody knows is left out."""
    for quota in quotas:
        about = f"jobs of {quota['account']}"
        if quota["cap"] is None:
            yield ok(about, f"{quota['used']:,} are there, and no cap is known")
            continue
        text = f"{quota['used']:,} of {quota['cap']:,} are used ({quota['share']:g} %)"
        if quota["used"] >= quota["cap"]:
            yield warning(about, f"{text}: the platform takes no more", "training-monitor jobs cleanup")
        elif quota["reached"] is not None:
            yield warning(about, text, "training-monitor jobs cleanup")
        else:
            yield ok(about, text)


def _policies_known(ask: Asker) -> list[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = ask.get("/api/v1/cleanup")["policies"]
    except Failure:  # as with quotas
        return []
    return found


def _policies(policies: list[dict[str, Any]]) -> Iterator[Finding]:
    from monitor.cli.cleanup import MEANT, of_all, stood_still, ways_on

    for policy in policies:
        half = policy["too_many"]
        if policy["state"] == "stopped":
            text = f"it stands still: {stood_still(policy)}"
            mend = ", then ".join(f"training-monitor {way}" for way in ways_on(policy))
            yield warning(f"policy {policy['name']}", text, mend)
        elif policy["state"] == "active" and half is not None:
            text = f"{of_all(half)} would go now, which is more than half: its next run stops instead"
            mend = f"training-monitor jobs cleanup {policy['name']} --yes {MEANT}"
            yield warning(f"policy {policy['name']}", text, mend)
        elif policy["state"] == "active":
            what = "job" if policy["goes"] == 1 else "jobs"
            yield ok(f"policy {policy['name']}", f"{policy['goes']} {what} would go now, {policy['stays']} stay")


def _open_deletions(ask: Asker) -> list[dict[str, Any]]:
    try:
        return list(ask.items("/api/v1/deletions", LATEST, open=True))
    except Failure:  # as with quotas
        return []


def blind(deletions: list[dict[str, Any]]) -> Iterator[Finding]:
    """One finding for each account in which deletions wait because nobody can say what came of them."""
    from monitor.actions.steps import BLIND

    waiting = [each["account"] for each in deletions if (each["reason"] or "").endswith(BLIND)]
    for account in sorted(set(waiting)):
        number = waiting.count(account)
        text = f"{'a deletion waits' if number == 1 else f'{number} deletions wait'}: {BLIND}"
        yield warning(f"deletions of {account}", text, "put the key of the right workspace into the config")


def _gone(ask: Asker, status: Mapping[str, Any], sinks: list[dict[str, Any]]) -> list[str]:
    """Sinks that are not in the config and of which messages were given up, the latest of them."""
    if status["given_up"] <= sum(sink["given_up"] for sink in sinks):
        return []
    found = {each["sink"] for each in ask.items("/api/v1/deliveries", LATEST, state=["dead", "refused"])}
    return sorted(found - {sink["name"] for sink in sinks})


def _messages(status: Mapping[str, Any], sinks: list[dict[str, Any]], gone: Sequence[str]) -> Iterator[Finding]:
    """`gone`: sinks that the config does not have, and that left messages."""
    from monitor.fields import format_duration

    oldest = status["oldest_waiting_at"]
    waits = (datetime.now(UTC) - datetime.fromisoformat(oldest)).total_seconds() if oldest else 0.0
    if waits > OLD:
        text = f"the oldest of {status['waiting']} waiting messages waits for {format_duration(waits)}"
        yield warning("messages", text, "training-monitor deliveries list --state pending")
    for sink in sinks:
        name = sink["name"]
        if sink.get("state", "ok") != "ok":
            yield warning(f"sink {name}", _failing(sink), f"training-monitor sinks test {name}")
        if count := sink["given_up"]:
            mend = f"training-monitor sinks test {name}; then: training-monitor deliveries retry --all --sink {name}"
            yield warning(f"sink {name}", f"{_were(count)} given up", mend)
    if (lost := status["given_up"] - sum(sink["given_up"] for sink in sinks)) > 0:
        text = f"{_were(lost)} given up whose sink the config does not have"
        forget = [f"training-monitor deliveries drop --all --sink {quote(name)} --state dead,refused" for name in gone]
        yield warning("messages", text, "; ".join(forget) or "training-monitor deliveries list --state dead,refused")
    if waits <= OLD and not status["given_up"]:
        yield ok("messages", f"{status['waiting']} wait, none is given up")


def _failing(sink: Mapping[str, Any]) -> str:
    from monitor.cli.when import short

    held = "is held back, and tried now and then" if sink["state"] == "open" else "takes no messages"
    since = f" since {short(sink['since'])}" if sink["since"] else ""
    return f"it {held}{since}: {sink['reason'] or 'no reason given'}; {sink['waiting']} wait"


def _heartbeat(status: Mapping[str, Any]) -> Iterator[Finding]:
    """The switch outside calls when the sign stays away; here stands why it does."""
    from monitor.cli.when import short

    beat = status.get("heartbeat")  # a daemon of an older version does not say
    if beat is None:
        return
    if beat["failure"] is not None:
        yield warning("heartbeat", f"it does not arrive: {beat['failure']}", "look at `heartbeat.url`, and at the way")
    elif beat["held"]:
        mend = "what is told above; it is sent as soon as nothing speaks against it"
        yield warning("heartbeat", f"it is held back: {'; '.join(beat['held'][:3])}", mend)
    else:
        at = beat["last_at"]
        yield ok("heartbeat", f"the last one arrived at {short(at)}" if at else "none is due yet")


def _were(count: int) -> str:
    return "1 message was" if count == 1 else f"{count:,} messages were"
