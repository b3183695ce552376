"""`deliveries` and `notifications`: what became of each message, and what can be done about it."""

from __future__ import annotations

import asyncio
import json
import sqlite3

import pytest

from monitor.cli.asking import asking
from monitor.store import StoreLocked, delivery_id, open_store
from tests.kit.installed import Installed
from tests.kit.question import CTRL_C, asked

DEAD, WAITING, SENT = (
    delivery_id(f"{1:032x}", "hook"),
    delivery_id(f"{2:032x}", "hook"),
    delivery_id(f"{1:032x}", "journal"),
)


def states(installed: Installed, *options: str) -> dict[str, str]:
    done = installed.run("deliveries", "list", "--output", "json", *options)
    assert done.returncode == 0, done.stderr
    return {item["id"]: item["state"] for item in json.loads(done.stdout)}


@pytest.fixture(params=["beside a daemon", "alone"])
def place(request: pytest.FixtureRequest) -> Installed:
    name = "daemon" if request.param == "beside a daemon" else "installed"
    found: Installed = request.getfixturevalue(name)
    return found


def test_deliveries_are_chosen_by_sink_state_and_text(installed: Installed) -> None:
    assert states(installed) == {DEAD: "dead", WAITING: "pending", SENT: "delivered"}
    assert set(states(installed, "--sink", "hook")) == {DEAD, WAITING}
    assert set(states(installed, "--state", "dead")) == {DEAD}
    for several in (("--state", "dead", "--state", "pending"), ("--state", "dead, pending")):
        assert set(states(installed, *several)) == {DEAD, WAITING}
    assert set(states(installed, "--search", "second line")) == {WAITING}
    assert states(installed, "--since", "1m") == {}
    assert states(installed, "--rule", "nix") == {}
    assert installed.run("deliveries", "list", "--state", "nix").returncode == 2


def test_a_delivery_is_shown_with_its_text_and_every_attempt(installed: Installed) -> None:
    shown = installed.run("deliveries", "show", DEAD).stdout
    assert "The whole text, which is long enough to wrap," in shown
    assert "the webhook answered 404" in shown
    assert "It was not tried yet." in installed.run("deliveries", "show", WAITING).stdout


def test_a_notification_is_shown_with_where_it_went(installed: Installed) -> None:
    shown = installed.run("notifications", "show", f"{1:032x}").stdout
    assert "and its end." in shown
    assert "delivered" in shown
    assert "dead" in shown
    listed = installed.run("notifications", "list", "--search", "QWEN-sft", COLUMNS="200").stdout.splitlines()
    assert len(listed) == 2
    assert "journal, hook (dead)" in listed[1] or "hook (dead), journal" in listed[1]
    assert installed.run("notifications", "list", "--severity", "nix").returncode == 2
    missing = installed.run("notifications", "show", "nix")
    assert missing.stderr.splitlines()[0] == "error: There is no notification 'nix'."


def test_a_dead_one_is_due_again_and_one_that_waits_is_dropped(place: Installed) -> None:
    done = place.run("deliveries", "retry", DEAD)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == "1 delivery is due again."
    assert len(done.stdout.splitlines()) == (1 if (place.state / "control.sock").exists() else 2)
    dropped = json.loads(place.run("deliveries", "drop", WAITING, "--output", "json").stdout)
    assert dropped[0]["detail"].startswith("dropped by ")
    assert states(place) == {DEAD: "pending", WAITING: "dropped", SENT: "delivered"}


def test_what_has_arrived_is_not_changed_and_the_others_are(place: Installed) -> None:
    refused = place.run("deliveries", "retry", SENT)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert f"error: The delivery {SENT} is delivered and cannot be tried again." in refused.stderr

    partly = place.run("deliveries", "drop", SENT, WAITING, "nix")
    assert (partly.returncode, partly.stdout) == (3, "1 delivery is dropped.\n")
    assert "nix: There is no delivery 'nix'." in partly.stderr
    assert "error: 2 deliveries could not be changed." in partly.stderr
    assert states(place)[WAITING] == "dropped"


def test_many_are_changed_only_after_a_yes(installed: Installed) -> None:
    asked = installed.run("deliveries", "drop", "--all", "--sink", "hook", "--state", "dead")
    assert asked.returncode == 2
    assert asked.stderr.startswith("error: 1 delivery would be dropped; nothing was done.\nhint: Say --yes")
    done = installed.run("deliveries", "retry", "--all", "--sink", "hook", "--yes")
    assert done.stdout.splitlines()[0] == "1 delivery is due again."
    done = installed.run("deliveries", "drop", "--all", "--sink", "hook", "--yes")
    assert done.stdout == "2 deliveries are dropped.\n"
    assert states(installed) == {DEAD: "dropped", WAITING: "dropped", SENT: "delivered"}
    none = installed.run("deliveries", "retry", "--all", "--yes").stdout
    assert none == "No delivery that is dead or refused fits.\n", "what was dropped is not offered"
    again = installed.run("deliveries", "drop", "--all", "--state", "dropped", "--yes")
    assert (again.returncode, again.stderr.splitlines()[0]) == (2, "error: What is dropped cannot be dropped.")
    assert installed.run("deliveries", "retry", WAITING).returncode == 0
    assert states(installed) == {DEAD: "dropped", WAITING: "pending", SENT: "delivered"}
    assert (
        installed.run("deliveries", "drop", "--all", "--sink", "hook", "--state", "dead", "--yes").stdout
        == "No delivery fits.\n"
    )


def test_where_none_fits_in_bulk_the_state_is_named_in_which_there_are_some(installed: Installed) -> None:
    assert installed.run("deliveries", "drop", DEAD).returncode == 0
    done = installed.run("deliveries", "retry", "--all", "--sink", "hook", "--yes")
    none = "No delivery that is dead or refused fits. 1 is pending; to retry it add: --state pending\n"
    assert (done.returncode, done.stdout) == (0, none)
    done = installed.run("deliveries", "retry", "--all", "--sink", "hook", "--state", "pending", "--yes")
    assert done.stdout.splitlines()[0] == "1 delivery is due again."
    assert states(installed) == {DEAD: "dropped", WAITING: "pending", SENT: "delivered"}


@pytest.mark.parametrize(
    ("said", "code", "state"), [("y", 0, "dropped"), ("n", 1, "pending"), (CTRL_C, 130, "pending")]
)
def test_on_a_terminal_there_is_a_question(installed: Installed, said: str, code: int, state: str) -> None:
    done, shown = asked(installed, "deliveries", "drop", "--all", "--sink", "hook", said=said)
    assert done == code, shown
    assert b"1 delivery will be dropped. Go on?" in shown
    assert states(installed)[WAITING] == state


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "No delivery is named."),
        (("x", "--all"), "Both ids and --all are given."),
        (("x", "--sink", "hook"), "choose among all, and ids are given."),
        (("--all", "--state", "nix", "--yes"), "nix"),
    ],
)
def test_a_choice_that_makes_no_sense_changes_nothing(
    installed: Installed, options: tuple[str, ...], said: str
) -> None:
    for what in ("retry", "drop"):
        done = installed.run("deliveries", what, *options)
        assert done.returncode == 2
        assert said in done.stderr.splitlines()[0]
    over = installed.run("deliveries", "retry", "--all", "--state", "dead,delivered", "--yes")
    assert (over.returncode, over.stderr) == (
        2,
        "error: What is delivered cannot be tried again.\nhint: --state takes: pending, dead, refused.\n",
    )
    bulk = installed.run("deliveries", "retry", "--all", "--state", "dropped", "--yes")
    assert (bulk.returncode, bulk.stderr.splitlines()[0]) == (2, "error: What was dropped is not tried again in bulk.")
    assert states(installed) == {DEAD: "dead", WAITING: "pending", SENT: "delivered"}


def test_what_a_sink_refused_is_given_up_and_mended_with_it(installed: Installed) -> None:
    """`sinks list` and `doctor` count what `deliveries retry --all` makes due again."""
    with sqlite3.connect(installed.state / "monitor.db") as db:
        db.execute("UPDATE deliveries SET state = 'refused' WHERE id = ?", (DEAD,))
    (hook, _) = sorted(json.loads(installed.run("sinks", "list", "--output", "json").stdout), key=lambda s: s["name"])
    assert (hook["name"], hook["given_up"]) == ("hook", 1)
    assert "GIVEN UP" in installed.run("sinks", "list").stdout
    found = {each["about"]: each for each in json.loads(installed.run("doctor", "--output", "json").stdout)}
    assert found["sink hook"]["text"] == "1 message was given up"
    mend = found["sink hook"]["mend"].partition("; then: ")[2]
    assert mend == "training-monitor deliveries retry --all --sink hook"
    assert installed.run(*mend.split()[1:], "--yes").stdout.splitlines()[0] == "1 delivery is due again."
    assert states(installed)[DEAD] == "pending"


def test_a_sink_that_nobody_knows_is_a_slip_of_the_pen_and_one_that_left_the_config_is_none(
    installed: Installed,
) -> None:
    for command in (("list",), ("retry", "--all", "--yes"), ("drop", "--all", "--yes", "--output", "json")):
        done = installed.run("deliveries", *command, "--sink", "hok")
        said = "error: No sink is named 'hok'.\nhint: Did you mean `hook`? There are: journal, hook.\n"
        assert (done.returncode, done.stdout, done.stderr) == (2, "", said)
    installed.config.write_text(installed.config.read_text().replace("name: hook", "name: other"))
    assert set(states(installed, "--sink", "hook")) == {DEAD, WAITING}
    assert states(installed, "--sink", "hook", "--state", "refused") == {}
    assert states(installed, "--sink", "other") == {}


def test_doctor_names_what_was_given_up_at_a_sink_that_is_gone(installed: Installed) -> None:
    installed.config.write_text(installed.config.read_text().replace("name: hook", "name: other"))
    found = json.loads(installed.run("doctor", "--output", "json").stdout)
    (gone,) = [each for each in found if "whose sink" in each["text"]]
    assert gone["text"] == "1 message was given up whose sink the config does not have"
    assert gone["mend"] == "training-monitor deliveries drop --all --sink hook --state dead,refused"
    assert installed.run(*gone["mend"].split()[1:], "--yes").stdout == "1 delivery is dropped.\n"
    assert "whose sink" not in installed.run("doctor", "--output", "json").stdout


def test_the_beginning_of_an_id_stands_for_the_whole(installed: Installed) -> None:
    assert DEAD in installed.run("deliveries", "show", DEAD[:8]).stdout
    assert DEAD in installed.run("deliveries", "show", f"{DEAD[:8]}…").stdout
    assert installed.run("deliveries", "retry", DEAD[:6]).returncode == 0
    many = installed.run("notifications", "show", "0000")
    assert (many.returncode, many.stdout) == (2, "")
    assert "error: 2 ids begin with '0000'.\nhint: Give more of it." in many.stderr
    nobody = installed.run("deliveries", "show", "ffffffffff")
    assert nobody.stderr.splitlines()[1] == "hint: `training-monitor deliveries list` lists them."


def test_without_a_daemon_the_lock_is_taken_once_and_kept_until_the_end(
    installed: Installed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(installed.root)

    def lock() -> None:
        asyncio.run(opened(installed))

    with asking(installed.config) as ask:
        assert ask.get("/api/v1/deliveries")["items"]
        lock()  # reading holds up nobody
        ask.post(f"/api/v1/deliveries/{DEAD}/retry")
        with pytest.raises(StoreLocked):
            lock()
        ask.post(f"/api/v1/deliveries/{WAITING}/drop")
        assert ask.get(f"/api/v1/deliveries/{WAITING}")["state"] == "dropped"
    lock()


async def opened(installed: Installed) -> None:
    await (await open_store("sqlite:monitor.db", state_dir=installed.state, lock=True)).aclose()
