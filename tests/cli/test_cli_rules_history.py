"""`rules backtest`, `diff` and `explain` as people run them: beside a daemon, without one, and by who may read nothing
but its socket."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta

import pytest

from monitor.cli.chart import sparkline
from monitor.cli.rules.history import Asked, FromStore
from monitor.model import EventType
from monitor.settings import load
from monitor.store import Connection, append_events, delivery_id, last_seq, set_cursor
from tests.kit.installed import START, Installed, draft

SAID = f"{1:032x}"
RULES = """\
rules:
  - {name: started, on: [job.started], notify: [journal]}
  - {name: late-jobs, on: [job.finished], when: 'job.name == "qwen-sft"', notify: [hook]}
unmatched: {notify: [journal]}
"""
NEW = """\
rules:
  - {name: started, on: [job.started], group_by: [account.name], notify: [journal, hook]}
"""


@pytest.fixture
def ruled(installed: Installed) -> Installed:
    installed.config.write_text(installed.config.read_text() + RULES)
    installed.write(ran)
    (installed.root / "new.yaml").write_text(NEW)
    return installed


def ran(conn: Connection, epoch: str) -> None:
    """Twenty jobs that started within ten minutes, of which ten have ended."""
    jobs = [
        {"id": f"r{number}", "name": "qwen-sft" if number % 2 else "other", "state": "running"} for number in range(20)
    ]
    drafts = [
        draft(EventType.JOB_STARTED, f"job/{job['id']}", minutes=number // 2, job=job)
        for number, job in enumerate(jobs)
    ]
    drafts += [
        draft(EventType.JOB_FINISHED, f"job/{job['id']}", minutes=20, job=job, outcome="succeeded")
        for job in jobs[1::2]
    ]
    append_events(conn, epoch, [(each, 100 + number) for number, each in enumerate(drafts)])


def shown(installed: Installed, *arguments: str, **extra: str) -> str:
    done = installed.run("rules", *arguments, **extra)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_back_test_stands_beside_what_was_sent(ruled: Installed) -> None:
    text = shown(ruled, "backtest", "--since", "1d", "--with", "new.yaml")
    rows = {line.split()[0]: line.split()[1:5] for line in text.splitlines() if line[:1].isalpha() and "  " in line}
    assert rows["RULE"] == ["SENT", "CURRENT", "PROPOSED", "CHANGE"]
    assert rows["started"][:3] == ["0", "20", "3"]
    assert rows["late-jobs"][:3] == ["0", "10", "0"]
    assert rows["job-ended"][:3] == ["2", "0", "0"]
    assert rows["hook"] == ["2", "10", "3"]
    assert "Those of new.yaml would have sent " in text
    assert "(34.0 a day)" in " ".join(text.split())


@pytest.mark.parametrize("width", [40, 80])
def test_no_line_is_wider_than_the_terminal(ruled: Installed, width: int) -> None:
    for arguments in (["backtest", "--since", "1d", "--with", "new.yaml"], ["diff", "new.yaml"], ["explain", "3"]):
        text = shown(ruled, *arguments, COLUMNS=str(width))
        assert max(map(len, text.splitlines())) <= width, text


def test_programs_get_json_and_csv(ruled: Installed) -> None:
    found = json.loads(shown(ruled, "backtest", "--since", "1d", "--rule", "started", "--output", "json"))
    assert found["totals"] == {"sent": 0, "current": 20}
    assert [rule["rule"] for rule in found["rules"]] == ["started"]
    rows = list(csv.DictReader(io.StringIO(shown(ruled, "backtest", "--since", "1d", "--output", "csv"))))
    assert sum(int(row["current"]) for row in rows if row["rule"] == "late-jobs") == 10


def test_the_daemon_is_asked_where_the_file_may_not_be_read(daemon: Installed, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = json.loads(shown(daemon, "backtest", "--since", "1d", "--output", "json"))
    monkeypatch.setattr("monitor.cli.rules.sources.os.access", lambda path, mode: False)
    asked = json.loads(shown(daemon, "backtest", "--since", "1d", "--output", "json"))
    assert asked["events"] == mine["events"] > 0
    assert asked["rules"] == mine["rules"]
    assert asked["totals"] == mine["totals"]


def test_the_store_and_the_daemon_tell_the_same_history(daemon: Installed) -> None:
    from monitor.cli.asking import asking

    settings = load(daemon.config, resolve=False, environ=daemon.environ(), credentials_dir=None)
    store = FromStore(settings)
    since, until = START - timedelta(days=1), START + timedelta(days=1)
    with asking(daemon.config) as ask:
        other = Asked(ask)
        known = [(event.seq, event.type, event.detected_at, event.data) for event in store.events(since, until)]
        assert known == [(event.seq, event.type, event.detected_at, event.data) for event in other.events(since, until)]
        assert sorted(store.sent(since)) == sorted(other.sent(since))
        assert list(store.silences(until)) == list(other.silences(until)) == []
    store.close()
    assert len(known) >= 2


def test_a_file_of_rules_that_is_wrong_is_told_with_its_places(ruled: Installed) -> None:
    (ruled.root / "new.yaml").write_text("rules:\n  - {name: a, on: [job.*], when: 'job.nme == 1', notify: [hok]}\n")
    done = ruled.run("rules", "backtest", "--with", "new.yaml")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "new.yaml:2:38: rules[0].when: job has no field 'nme'; did you mean name?",
        "new.yaml:2:59: rules[0].notify[0]: no sink is named 'hok'; did you mean hook?",
        "error: 2 mistakes in new.yaml; nothing was done.",
        "hint: Correct it and run the command again.",
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["backtest", "--with", "none.yaml"], "There is no file none.yaml."),
        (["backtest", "--rule", "nobody"], "No rule is named 'nobody'."),
        (["backtest", "--since", "1d", "--until", "2d"], "--since must be before --until."),
        (["backtest", "--since", "yesterday"], "--since 'yesterday' is no moment."),
        (["diff"], "No daemon runs here whose rules could be held against the config's."),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(ruled: Installed, arguments: list[str], said: str) -> None:
    done = ruled.run("rules", *arguments)
    assert done.returncode == 2
    assert f"error: {said}" in done.stderr


def test_diff_without_a_daemon_is_against_the_config_and_may_count_messages(ruled: Installed) -> None:
    text = shown(ruled, "diff", "new.yaml", "--since", "1d")
    assert text.startswith("new.yaml against training-monitor.yaml:\nchanged: rule started\n  notify: [journal] -> ")
    assert "removed: rule late-jobs" in text
    assert "PROPOSED" in text
    found = json.loads(shown(ruled, "diff", "new.yaml", "--output", "json", "--since", "1d"))
    assert [change["name"] for change in found["changes"]] == ["started", "late-jobs"]
    assert found["messages"]["totals"]["proposed"] < found["messages"]["totals"]["current"]


def test_diff_beside_a_daemon_is_against_what_it_uses(daemon: Installed) -> None:
    assert shown(daemon, "diff") == "The rules of training-monitor.yaml are those of the running daemon.\n"
    daemon.config.write_text(daemon.config.read_text() + RULES)
    text = shown(daemon, "diff")
    assert "training-monitor.yaml against the running daemon:\nadded: rule started\n" in text
    assert "changed: unmatched" in text


def test_an_event_a_message_and_a_delivery_are_explained(ruled: Installed) -> None:
    def last(conn: Connection, epoch: str) -> None:
        seqs.append(last_seq(conn))

    seqs: list[int] = []
    ruled.write(last)
    text = shown(ruled, "explain", str(seqs[0]))
    assert 'rule late-jobs matched\n    `job.name == "qwen-sft"` is true (job.name is qwen-sft)' in text
    assert "not for this type: started" in text
    message = shown(ruled, "explain", SAID)
    assert message.startswith(f"Notification {SAID} of job-ended (new): ")
    assert "Event 1, job.submitted" in message
    assert "made of 1 event\n  told hook, journal at " in message.replace("journal, hook", "hook, journal")
    dead = delivery_id(SAID, "hook")
    delivery = shown(ruled, "explain", dead[:10])
    assert delivery.startswith(f"Delivery {dead} to hook: dead\n")
    assert "attempt 1 at " in delivery
    assert "refused: the webhook answered 404" in delivery
    found = json.loads(shown(ruled, "explain", dead, "--output", "json"))
    assert [each["sink"] for each in found["deliveries"]] == ["hook"]
    done = ruled.run("rules", "explain", "99999")
    assert (done.returncode, done.stderr.splitlines()[0]) == (
        1,
        "error: No event, notification or delivery is '99999'.",
    )


def test_messages_that_retention_has_removed_are_not_taken_for_none(bare: Installed) -> None:
    bare.config.write_text(bare.config.read_text() + RULES + "retention: {events: 60d, deliveries: 7d}\n")
    old = draft(EventType.JOB_STARTED, "job/old", minutes=-10 * 24 * 60, job={"id": "old", "name": "old"})

    def write(conn: Connection, epoch: str) -> None:
        append_events(conn, epoch, [(old, 1)])
        set_cursor(conn, "routing", 1)

    bare.write(write)
    explained = " ".join(shown(bare, "explain", "1").split())
    assert "may have been removed: they are kept for 7d (`retention.deliveries`)." in explained
    assert "-> what came of it is not known any more" in explained
    tested = " ".join(shown(bare, "backtest", "--since", "30d").split())
    assert "may have been removed (`retention.deliveries: 7d`); SENT counts those that are left." in tested
    assert "retention.events" not in tested
    longer = " ".join(shown(bare, "backtest", "--since", "90d").split())
    assert "(`retention.events: 60d`); the rules are held against the rest." in longer
    assert "retention" not in shown(bare, "backtest", "--since", "6d")


def test_beside_a_daemon_the_same_is_explained(daemon: Installed) -> None:
    assert "Event 1, job.submitted" in shown(daemon, "explain", "1")


def test_a_small_curve_keeps_zero_apart_and_folds() -> None:
    assert sparkline([0, 1, 4, 8], 10, plain=False) == " ▁▄█"
    assert sparkline([0, 1, 4, 8], 10, plain=True) == " .=@"
    assert len(sparkline(list(range(31)), 10, plain=True)) <= 10
    assert sparkline([], 10, plain=True) == ""
    assert sparkline([0, 0], 10, plain=True) == "  "
