"""`silences` and answers to messages: looked at before they are made, alike beside a daemon and without one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from monitor.model import EventType
from monitor.store import append_events, next_revision
from tests.kit import silent
from tests.kit.installed import Installed, draft
from tests.kit.question import asked
from tests.kit.silent import SILENCE, STUCK

GOOD = ("--match", 'job.name.startsWith("name of stuck")', "--for", "2h", "--comment", "the cluster is moved")


@pytest.fixture(params=["beside a daemon", "alone"])
def place(request: pytest.FixtureRequest, installed: Installed) -> Installed:
    """With a message that may be answered and a silence."""
    silent.install(installed)
    if request.param == "beside a daemon":
        request.getfixturevalue("daemon")
    return installed


def listed(installed: Installed, *options: str) -> list[dict[str, Any]]:
    done = installed.run("silences", "list", "--output", "json", *options)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def types(installed: Installed) -> list[str]:
    done = installed.run("events", "list", "--type", "silence.*", "--type", "notification.*", "--output", "json")
    return [item["type"] for item in json.loads(done.stdout)]


def test_one_is_looked_at_added_shown_and_ended(place: Installed) -> None:
    looked = place.run("silences", "add", *GOOD, "--dry-run")
    assert (looked.returncode, looked.stderr) == (0, "")
    first = looked.stdout.splitlines()[0]
    assert first.startswith("It would have hidden 1 of the 3 messages since ")
    assert first.endswith(", about 1 thing:")
    assert "name of stuck-abcd" in looked.stdout
    assert looked.stdout.splitlines()[-1] == "Nothing was added."
    assert [item["id"] for item in listed(place)] == [SILENCE]

    done = place.run("silences", "add", *GOOD, "--yes", "--owner", "bob", "--output", "jsonl")
    made = json.loads(done.stdout)
    assert (made["owner"], made["state"], made["preview"]["messages"]) == ("bob", "active", 1)
    assert {item["id"] for item in listed(place)} == {SILENCE, made["id"]}
    shown = place.run("silences", "show", made["id"][:6]).stdout
    assert "the cluster is moved" in shown
    assert shown.splitlines()[-1].split() == ["hid", "nothing"]
    before = place.run("silences", "show", SILENCE).stdout
    assert "night-1" in before
    assert "1 message about 1 thing" in before

    ended = place.run("silences", "end", made["id"][:6])
    assert (ended.returncode, ended.stdout) == (0, f"The silence {made['id']} of bob has ended. It hid nothing.\n")
    assert [item["id"] for item in listed(place)] == [SILENCE]
    assert {item["state"] for item in listed(place, "--all")} == {"active", "ended"}
    again = place.run("silences", "end", made["id"])
    assert (again.returncode, again.stderr.splitlines()[0]) == (
        1,
        f"error: The silence {made['id']} has ended already.",
    )
    assert types(place) == ["silence.added", "silence.ended"]


def test_the_owner_is_who_is_logged_in_unless_it_is_said(installed: Installed) -> None:
    done = installed.run("silences", "add", *GOOD, "--yes", "--output", "json", LOGNAME="carol")
    assert json.loads(done.stdout)["owner"] == "carol"


def test_without_a_daemon_it_is_said_from_when_it_counts(installed: Installed) -> None:
    done = installed.run("silences", "add", *GOOD, "--yes", "--from", "3h")
    lines = done.stdout.splitlines()
    assert lines[1].startswith("The silence ")
    assert " begins " in lines[1]
    assert lines[-1] == "No daemon answers here; it counts once one runs."
    (item,) = listed(installed)
    assert item["state"] == "scheduled"


@pytest.mark.parametrize(
    ("options", "said", "hint"),
    [
        (
            ("--match", "job.stat == 1", "--for", "2h"),
            "column 4: job has no field 'stat'; did you mean state?",
            "`when`",
        ),
        (("--match", "true"), "It needs an end.", "--for 2h"),
        (("--match", "true", "--for", "2h", "--until", "3h"), "--for and --until are both given.", "one of the two"),
        (("--match", "true", "--for", "2 weeks"), "--for: '2 weeks' is no duration", "1d12h"),
        (("--match", "true", "--for", "400d"), "more than a year", "within a year"),
        (("--match", "true", "--until", "2020-01-31"), "It would end before it begins.", "still to come"),
        (("--match", "true", "--until", "soon"), "--until 'soon' is no moment.", "2026-01-31T08:00"),
        (("--match", "true", "--for", "2h", "--owner", " "), "--owner is blank", "who, and why"),
        (("--match", "true", "--for", "2h", "--owner", "a\nb"), "--owner has line breaks", "in one line"),
        (("--match", "true", "--for", "2h", "--comment", "x" * 501), "1 to 500 characters", "a shorter one"),
    ],
)
def test_what_cannot_stand_is_told_with_place_and_remedy(
    installed: Installed, options: tuple[str, ...], said: str, hint: str
) -> None:
    done = installed.run("silences", "add", "--comment", "why", *options)
    assert (done.returncode, done.stdout) == (2, ""), "it is checked before anything is shown or asked"
    error, remedy = done.stderr.splitlines()
    assert (said in error, hint in remedy) == (True, True), done.stderr
    assert listed(installed, "--all") == []


def test_where_nobody_can_be_asked_nothing_is_added(installed: Installed) -> None:
    done = installed.run("silences", "add", *GOOD)
    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == "error: There is nobody to ask; nothing was added."
    assert listed(installed, "--all") == []


def test_on_a_terminal_the_preview_comes_before_the_question_and_no_is_no(installed: Installed) -> None:
    code, shown = asked(installed, "silences", "add", *GOOD, said="n")
    assert code == 1, shown
    assert shown.splitlines()[-1] == b"Nothing was added.", "to say no is no error"
    assert shown.index(b"It would have hidden none of the") < shown.index(b"Add this silence?")
    assert listed(installed) == []


def test_a_message_is_acknowledged_by_name_and_its_page_says_so(place: Installed) -> None:
    assert "not yet" in place.run("notifications", "show", STUCK).stdout
    done = place.run("notifications", "ack", STUCK[:8], "--by", "ann")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{STUCK} is acknowledged: Training job “name of stuck-abcd”")
    shown = place.run("notifications", "show", STUCK).stdout
    assert "acknowledged by ann (" in shown
    again = place.run("notifications", "ack", STUCK)
    assert again.returncode == 1
    assert again.stderr.startswith("error: It was acknowledged already, by ann (")
    assert types(place) == ["notification.acknowledged"]


def test_a_message_is_put_off_until_a_moment(place: Installed) -> None:
    done = place.run("notifications", "snooze", STUCK, "--for", "4h")
    assert (done.returncode, " is put off until " in done.stdout) == (0, True)
    assert "snoozed by " in place.run("notifications", "show", STUCK).stdout
    assert types(place) == ["notification.snoozed"]
    for options in ((), ("--for", "1h", "--until", "2h")):
        wrong = place.run("notifications", "snooze", STUCK, *options)
        assert (wrong.returncode, "Give --for 2h" in wrong.stderr) == (2, True)


def test_one_that_cannot_be_answered_harms_no_other(installed: Installed) -> None:
    silent.install(installed)
    done = installed.run("notifications", "ack", f"{1:032x}", STUCK, "nix")
    assert done.returncode == 3
    assert done.stdout.startswith(f"{STUCK} is acknowledged")
    assert "nothing follows it" in done.stderr
    assert "There is no notification 'nix'." in done.stderr
    assert "error: 2 could not be answered." in done.stderr


def test_hostile_words_of_a_silence_are_shown_harmless(installed: Installed) -> None:
    def write(conn: Any, epoch: str) -> None:
        made = draft(EventType.JOB_QUEUED, "job/x", job={"id": "x", "name": "evil\x1b[2J"})
        append_events(conn, epoch, [(made, next_revision(conn, made.account, made.subject))])

    installed.write(write)
    done = installed.run("silences", "add", "--match", "true", "--for", "1h", "--comment", "a\x1b[2Jb", "--yes")
    assert done.returncode == 2
    assert "\x1b" not in done.stdout + done.stderr
    fine = installed.run("silences", "add", "--match", "true", "--for", "1h", "--comment", "a\u202eb", "--yes")
    assert fine.returncode == 0, fine.stderr
    for command in (("silences", "list"), ("silences", "show", listed(installed)[0]["id"])):
        assert "\u202e" not in installed.run(*command).stdout


@pytest.mark.parametrize(("typed", "offered"), [("silences end ", SILENCE), ("notifications ack ab", STUCK)])
def test_the_tab_key_offers_their_ids(
    typed: str, offered: str, installed: Installed, request: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.cli.completion.PATIENCE", 30.0)
    silent.install(installed)
    request.getfixturevalue("daemon")
    words = len(typed.split()) + (1 if typed.endswith(" ") else 0)
    asked = {"COMP_WORDS": f"training-monitor {typed}", "COMP_CWORD": str(words)}
    done = installed.run(**asked, _TRAINING_MONITOR_COMPLETE="complete_bash")
    assert (done.returncode, done.stdout.split()) == (0, [offered])
