"""What commands show of a sink that is held back: how it is, since when, why, and when it is tried next."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from monitor.cli.when import short
from monitor.model import rfc3339
from monitor.store import Connection
from monitor.store.sink_health import SinkHealth, save_sink_health
from tests.kit.installed import Installed

NOW = datetime.now(UTC).replace(microsecond=361000)
SINCE, PROBE = NOW - timedelta(minutes=8), NOW + timedelta(hours=4)  # the tests begin long after this module was read
WHY = "cannot write /var/spool/messages/of/training-monitor/archive.jsonl: No space left on device"


def held_back(conn: Connection, epoch: str) -> None:
    save_sink_health(conn, SinkHealth(sink="hook", since=SINCE, probe_at=PROBE, failures=9, messages=9, detail=WHY))


def local(moment: datetime) -> str:
    return short(rfc3339(moment))


def test_the_list_of_sinks_says_which_is_held_back_why_and_until_when(installed: Installed) -> None:
    installed.write(held_back)
    journal, hook = installed.run("sinks", "list", COLUMNS="300").stdout.splitlines()[1:]
    assert journal.split()[2] == "ok"
    assert hook.split()[2] == "open"
    assert hook.endswith(f"since {local(SINCE)}: {WHY}; next try {local(PROBE)}")


def test_in_80_columns_the_list_of_sinks_cuts_no_type_and_breaks_no_path_over_three_lines(installed: Installed) -> None:
    text = installed.config.read_text().replace("{name: journal, type: log}", "{name: al, type: alertmanager, url: x}")
    installed.config.write_text(text.replace("url: x", 'url: "http://127.0.0.1:9"'))
    installed.write(held_back)
    lines = installed.run("sinks", "list", COLUMNS="80").stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert " alertmanager " in "\n".join(lines)
    assert any("/var/spool/messages/of/training-monitor/archive.jsonl:" in line for line in lines), "\n".join(lines)


def test_why_many_messages_wait_for_one_sink_is_told_once_below_them(installed: Installed) -> None:
    installed.write(held_back)
    assert installed.run("deliveries", "retry", "--all", "--yes").returncode == 0
    installed.write(held_back)  # to ask again lets it be tried at once
    lines = installed.run("deliveries", "list", "--state", "pending", COLUMNS="80").stdout.splitlines()
    assert max(map(len, lines)) <= 80
    below = " ".join(lines).partition("2 of these wait for hook: ")
    assert " ".join(below).count("the sink takes no messages") == 1
    assert below[2].startswith(f"the sink takes no messages ({WHY}); it is probed ")
    (alone,) = installed.run("deliveries", "list", "--limit", "1", COLUMNS="600").stdout.splitlines()[1:]
    assert f"(waits: the sink takes no messages ({WHY}); it is probed " in alone


def test_before_there_is_a_store_a_sink_has_the_same_keys(bare: Installed, installed: Installed) -> None:
    stored = json.loads(installed.run("sinks", "list", "--output", "json").stdout)
    for path in installed.state.iterdir():
        path.unlink()
    fresh = json.loads(bare.run("sinks", "list", "--output", "json").stdout)
    assert [set(each) for each in fresh] == [set(each) for each in stored]
    assert {each["state"] for each in fresh} == {"ok"}
