"""`doctor`: each thing that can be wrong is said with what mends it, and nothing that is wrong stops it."""

from __future__ import annotations

import asyncio
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.actions.steps import BLIND
from monitor.actions.stopping import REMEDY
from monitor.cli import exam_store
from monitor.cli.exam_daemon import blind
from monitor.cli.when import short
from monitor.fields import SystemClock
from monitor.model import JobState, Quota, Scope, rfc3339
from monitor.providers import registry
from monitor.sandbox.server import serving
from monitor.store import (
    Connection,
    Health,
    JobWrite,
    ensure_scope,
    save_health,
    save_jobs,
    set_bad_signatures,
    stop_cleanup,
    write_notifications,
)
from monitor.store.quotas import QuotaRow, save_quota
from monitor.store.sink_health import SinkHealth, save_sink_health
from tests.kit.doctor import SECRETS, looked, only
from tests.kit.installed import START, Installed
from tests.kit.made import known_job, notification
from tests.kit.process import Program, write_config
from tests.kit.until import until


def test_on_the_first_day_it_says_how_to_begin(tmp_path: Path) -> None:
    code, found = looked(Installed(tmp_path))
    assert code == 1
    assert only(found, "config")[::2] == ("failed", "training-monitor init")
    assert "version" in found


def test_a_config_file_that_is_missing_is_named_in_the_remedy_and_says_nothing_of_a_daemon(tmp_path: Path) -> None:
    done = Installed(tmp_path).run("doctor", "--config", "my own.yaml")
    assert "> training-monitor init 'my own.yaml'" in done.stdout
    assert "daemon" not in done.stdout


def test_a_broken_config_is_told_by_its_places_and_the_rest_is_looked_at_all_the_same(bare: Installed) -> None:
    bare.config.write_text(bare.config.read_text() + "catch_up_after: soon\nnonsense: 1\n")
    code, found = looked(bare)
    assert code == 1
    assert [finding["text"].partition(" ")[0] for finding in found["config"]] == [
        "training-monitor.yaml:14:17:",
        "training-monitor.yaml:15:1:",
    ]
    assert {"daemon", "version", "clock"} <= found.keys()


def test_before_the_first_start_the_store_is_missing_and_run_makes_it(bare: Installed) -> None:
    code, found = looked(bare)
    assert code == 3
    assert only(found, "store")[::2] == ("warning", "training-monitor run")
    assert only(found, "daemon")[0] == "warning"


def test_a_secret_that_this_shell_has_not_is_a_warning(bare: Installed) -> None:
    code, found = looked(bare, HOOK_URL="")
    assert code == 3
    assert "sinks[1].url: the environment variable HOOK_URL is empty" in only(found, "secrets")[1]


def test_refused_keys_dead_and_old_messages_are_told_with_the_commands_that_mend_them(installed: Installed) -> None:
    now = datetime.now(UTC)

    def write(conn: Any, epoch: str) -> None:
        set_bad_signatures(conn, "abc", 2, now=now)
        set_bad_signatures(conn, "abc/lost", 1, now=now)
        write_notifications(conn, [notification("n1", sinks=("hook",), created_at=now - timedelta(hours=2))])
        write_notifications(conn, [notification("n2", sinks=("journal",), created_at=now)])
        save_sink_health(conn, SinkHealth(sink="hook", since=now, probe_at=now, detail="answered 503", failures=9))

    installed.write(write)
    dead = "UPDATE deliveries SET state = 'dead', settled_at = created_at WHERE sink = 'journal'"
    installed.write(lambda conn, epoch: conn.exec_driver_sql(dead).close())
    code, found = looked(installed)
    assert code == 3
    assert "refused a key 2 times" in only(found, "keys")[1]
    assert "waiting messages waits for" in only(found, "messages")[1]
    assert "training-monitor deliveries retry --all --sink journal" in only(found, "sink journal")[2]
    held = found["sink hook"][0]
    assert (held["state"], held["mend"]) == ("warning", "training-monitor sinks test hook")
    assert held["text"].startswith(f"it is held back, and tried now and then since {short(rfc3339(now))}: ")
    assert ": answered 503; " in held["text"]


def test_how_many_jobs_there_are_is_told_with_what_makes_room_where_the_cap_is_near(installed: Installed) -> None:
    def write(used: int, cap: int | None, told: int) -> None:
        quota = Quota(resource="job-num", used=used, cap=cap, seen_at=datetime.now(UTC))
        installed.write(lambda conn, epoch: save_quota(conn, QuotaRow(account="ascend-north", quota=quota, told=told)))

    seen = []
    for figures in ((1_200, None, 0), (1_200, 10_000, 0), (9_512, 10_000, 95), (10_000, 10_000, 95)):
        write(*figures)
        seen.append(only(looked(installed)[1], "jobs of ascend-north"))
    mend = "training-monitor jobs cleanup"
    assert seen == [
        ("ok", "1,200 are there, and no cap is known", ""),
        ("ok", "1,200 of 10,000 are used (12 %)", ""),
        ("warning", "9,512 of 10,000 are used (95.1 %)", mend),
        ("warning", "10,000 of 10,000 are used (100 %): the platform takes no more", mend),
    ]


def test_a_clean_up_policy_that_stands_still_is_told_with_what_lets_it_go_on(installed: Installed) -> None:
    config = installed.config.read_text()
    installed.config.write_text(config + "cleanup: [{name: nightly, enabled: true}, {name: trial}]\n")
    assert only(looked(installed)[1], "policy nightly") == ("ok", "0 jobs would go now, 6 stay", "")
    installed.write(lambda conn, epoch: stop_cleanup(conn, "nightly", "the key may not", datetime.now(UTC)))
    found = looked(installed)[1]
    mend = "training-monitor jobs cleanup --resume nightly"
    assert only(found, "policy nightly") == ("warning", "it stands still: the key may not", mend)
    assert "policy trial" not in found


def _two_old_jobs(conn: Connection, epoch: str) -> None:
    scope = ensure_scope(conn, Scope(account="llm-beijing", watch="jobs", key="m"), now=START)
    facts: dict[str, Any] = {"state": JobState.FAILED, "created_at": START - timedelta(days=9), "state_since": START}
    known = [known_job(name, **facts) for name in ("old-1", "old-2")]
    writes = [JobWrite(known=each, previous_revision=None, hash=1, significant=1) for each in known]
    save_jobs(conn, scope.id, writes, now=START)


def test_a_policy_that_would_delete_too_much_is_run_by_a_person_before_it_is_let_go_on(installed: Installed) -> None:
    config = installed.config.read_text()
    policy = "cleanup: [{name: half, enabled: true, accounts: [llm-beijing], after: 0s}]\n"
    installed.config.write_text(config + policy)
    installed.write(_two_old_jobs)
    first, then = "jobs cleanup half --yes --yes-delete-many", "jobs cleanup --resume half"
    _, told, mend = only(looked(installed)[1], "policy half")
    of = re.match(r"\d of the \d jobs of llm-beijing", told)
    assert of is not None, told
    assert told == f"{of[0]} would go now, which is more than half: its next run stops instead"
    assert mend == f"training-monitor {first}"
    shown = " ".join(installed.run("jobs", "cleanup").stdout.split())
    assert f"due now, and stops: {of[0]} are more than half" in shown
    why = f"{of[0]} would go at once, which is more than half; {REMEDY}"
    installed.write(lambda conn, epoch: stop_cleanup(conn, "half", why, datetime.now(UTC)))
    _, told, mend = only(looked(installed)[1], "policy half")
    assert (told, mend) == (f"it stands still: {why}", f"training-monitor {first}, then training-monitor {then}")
    shown = " ".join(installed.run("jobs", "cleanup").stdout.split())
    assert "go on: half --yes --yes-delete-many and then --resume half" in shown
    installed.config.write_text(config + policy.replace("0s", "90d"))  # or a person has deleted them
    _, told, mend = only(looked(installed)[1], "policy half")
    assert told == f"it stands still: {of[0]} would go at once, which is more than half, as it was then"
    assert mend == f"training-monitor {then}"


def test_an_account_that_is_refused_in_its_workspace_is_a_failure_with_the_reason(installed: Installed) -> None:
    config = installed.config.read_text()
    installed.config.write_text(config.replace("    resource_flavors: {}\n", "    jobs: {}\n"))
    ill = Health(state="unauthorized", failures=1, since=datetime.now(UTC), reason="the key is refused")
    installed.write(lambda conn, epoch: save_health(conn, "ascend-north", "jobs/0", ill))
    code, found = looked(installed)
    assert code == 1
    assert only(found, "account ascend-north")[:2] == ("failed", "unauthorized: the key is refused")


def test_of_an_account_that_was_not_polled_yet_it_says_so(installed: Installed) -> None:
    _, found = looked(installed)
    assert only(found, "account llm-beijing")[:2] == ("ok", "nothing was read of it yet")


@pytest.mark.parametrize(
    ("free", "said"),
    [(3 << 30, "3.0 GB"), (400 << 20, "400.0 MB"), (6 << 20, "6.0 MB"), (20_000, "19 kB"), (0, "0 kB")],
)
def test_of_a_disk_that_is_nearly_full_the_little_that_is_left_is_told(free: int, said: str) -> None:
    assert exam_store._size(free) == said


def test_what_fills_a_disk_is_looked_for_on_all_of_it(tmp_path: Path) -> None:
    mount = next(str(place) for place in (tmp_path, *tmp_path.parents) if os.path.ismount(place))
    mend = exam_store._make_room(tmp_path)
    assert mend.startswith(f"make room there; what fills the disk: df -h {tmp_path}; ")
    assert mend.endswith(f"du -xh -d 1 {mount} | sort -h")


def test_secrets_that_others_can_read_are_told_with_chmod(bare: Installed) -> None:
    key, missing = bare.root / "key", bare.root / "nowhere"
    key.write_text("https://example.org/x")
    key.chmod(0o644)
    text = bare.config.read_text().replace("${env:HOOK_URL}", f"${{file:{key}}}")
    bare.config.write_text(
        text.replace('"${env:NEVER_SET}"', "sk-literal", 1).replace("${env:NEVER_SET}", f"${{file:{missing}}}")
    )
    bare.config.chmod(0o646)
    _, found = looked(bare)
    mends = {finding["mend"].partition(";")[0]: finding["state"] for finding in found["permissions"]}
    assert mends[f"chmod 600 {key}"] == "warning"
    assert mends["chmod o-w training-monitor.yaml"] == "failed"
    assert mends["chmod 640 training-monitor.yaml"] == "warning"
    assert mends["put the secret there"] == "failed"


def test_it_fits_40_columns(installed: Installed) -> None:
    done = installed.run("doctor", COLUMNS="40", **SECRETS)
    assert max(map(len, done.stdout.splitlines())) <= 40
    assert done.returncode == 3


async def test_beside_a_daemon_it_asks_the_daemon(tmp_path: Path) -> None:
    emulator = registry.emulator("model-studio")(SystemClock(), autoplay=False)
    async with serving({"model-studio": emulator}) as address:
        account = {"name": "llm", "provider": "model-studio", "api_key": "sk-demo", "jobs": {"every": "1s"}}
        config = write_config(
            tmp_path,
            {
                "accounts": [account | {"endpoint": f"{address}/api/v1"}],
                "sinks": [{"name": "journal", "type": "log"}],
                "heartbeat": {"url": "http://127.0.0.1:9/ping/a-secret-token", "every": "1s"},
            },
        )
        installed = Installed(tmp_path)

        def done() -> bool:
            return emulator.requests["list"] >= 2 and "the heartbeat does not arrive" in program.log

        async with Program(config) as program:
            await until(done, why=program.log)
            code, found = await asyncio.to_thread(looked, installed)
            await program.stop()
    assert only(found, "daemon")[0] == "ok"
    assert only(found, "account llm")[0] == "ok"
    state, text, _ = only(found, "heartbeat")
    assert (state, text) == ("warning", "it does not arrive: http://127.0.0.1:9 refuses connections")
    assert "a-secret-token" not in program.log
    assert only(found, "lock")[1] == f"the process {program.process.pid} holds the store"
    assert code == 3


def test_deletions_of_which_nobody_can_say_what_came_are_told_once_for_each_account() -> None:
    waits = {"account": "studio", "reason": f"nightly: it failed; {BLIND}"}
    found = list(blind([waits, {**waits, "reason": BLIND}, {"account": "arts", "reason": None}]))
    assert [(each.about, each.state) for each in found] == [("deletions of studio", "warning")]
    assert found[0].text == f"2 deletions wait: {BLIND}"
