"""`jobs list` and `jobs show` at any width: ids are whole, lengths are those of the run, a part of a name is enough."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from monitor.model import ActionState, Asker, AskerKind, Job, JobState, KnownJob, Scope
from monitor.store import BookingRow, Connection, JobWrite, add_action, book, ensure_scope, save_jobs
from tests.kit.installed import START, Installed
from tests.kit.made import deletion

LONG = "e1f5a152-d712-46a6-a613-9a1f5c1b2d3e"
DAY = timedelta(days=1)


def more(conn: Connection, epoch: str) -> None:
    """One that ran for 20 minutes a day ago, one of which no start is known, one that left while it ran."""
    scope = ensure_scope(conn, Scope(account="ascend-north", watch="jobs", key="m"), now=START)
    told = {"provider_state": "X", "creator": "chen"}
    made, ended = START - DAY, START - DAY + timedelta(minutes=30)
    jobs = [
        Job(
            id=LONG,
            name="bert-pretrain-31",
            state=JobState.SUCCEEDED,
            created_at=made,
            started_at=made + timedelta(minutes=10),
            ended_at=ended,
            **told,
        ),
        Job(id="no-start", name="yolo", state=JobState.FAILED, created_at=made, ended_at=ended, **told),
        Job(id="left", name="left", state=JobState.RUNNING, created_at=made, **told),
    ]
    writes = [
        JobWrite(
            known=KnownJob(job=job, revision=1, state_since=ended, gone=job.id == "left"),
            previous_revision=None,
            hash=1,
            significant=1,
        )
        for job in jobs
    ]
    save_jobs(conn, scope.id, writes, now=START)


@pytest.fixture
def busy(installed: Installed) -> Installed:
    installed.write(more)
    return installed


@pytest.mark.parametrize("width", [200, 80, 60, 40])
def test_no_id_is_cut_and_every_owner_is_told_at_any_width(busy: Installed, width: int) -> None:
    shown = busy.run("jobs", "list", "--gone", COLUMNS=str(width)).stdout
    jobs = json.loads(busy.run("jobs", "list", "--gone", "--output", "json").stdout)
    assert len(jobs) == 9
    assert [job["id"] for job in jobs if not re.search(rf"(^|\s){job['id']}(\s|$)", shown)] == []
    assert "OWNER" in shown
    assert len(re.findall(r"\bchen\b", shown)) == 3


def test_columns_go_in_the_order_of_their_use(busy: Installed) -> None:
    def head(width: int) -> list[str]:
        return busy.run("jobs", "list", COLUMNS=str(width)).stdout.splitlines()[0].split()

    assert head(200) == ["NAME", "STATE", "FOR", "ID", "OWNER", "ACCOUNT", "MODEL", "CREATED"]
    assert head(115) == ["NAME", "STATE", "FOR", "ID", "OWNER", "ACCOUNT"]
    assert head(80) == ["NAME", "STATE", "FOR", "ID", "OWNER"]
    assert head(40) == ["NAME", "STATE", "FOR"]


def test_an_id_that_is_wider_than_the_terminal_goes_on_below_itself(busy: Installed) -> None:
    shown = busy.run("jobs", "list", "--search", LONG, COLUMNS="30").stdout
    assert LONG in "".join(shown.split())
    assert max(map(len, shown.splitlines())) <= 30


def test_for_is_how_long_a_finished_job_ran_and_not_how_long_ago_that_was(busy: Installed) -> None:
    lines = busy.run("jobs", "list", "--gone", COLUMNS="200").stdout.splitlines()
    shown = {line.split()[0]: line.split()[1:3] for line in lines}
    assert shown["bert-pretrain-31"] == ["succeeded", "20m"]
    assert shown["yolo"] == ["failed", "30m"], "from its creation, for no start is known"
    assert shown["left"] == ["gone", "-"]
    assert re.fullmatch(r"3h(\d+[ms])?", shown["qwen-sft"][1]), shown["qwen-sft"]


def test_the_page_of_a_job_says_how_long_it_ran_and_how_long_ago_it_ended(busy: Installed) -> None:
    shown = busy.run("jobs", "show", LONG, COLUMNS="200").stdout
    facts = dict(re.split(r"  +", line, maxsplit=1) for line in shown.splitlines() if "  " in line)
    assert facts["ran for"] == "20m"
    assert facts["took"] == "30m"
    assert facts["since"].endswith(" (1d2h ago)")
    running = busy.run("jobs", "show", "qwen-sft").stdout
    assert re.search(r"^running for  +(2h5\dm|3h(\d+m)?)", running, re.MULTILINE), running
    assert "took" not in running


def test_the_page_of_a_job_says_what_was_booked_of_it_corrections_included(busy: Installed) -> None:
    def write(conn: Connection, epoch: str) -> None:
        facts: dict[str, Any] = {"account": "ascend-north", "provider": "modelarts", "scope_id": 1, "job_id": LONG}
        facts |= {"job_name": "x", "model": None, "creator": None, "labels": {}, "at": START, "tokens": 0}
        for cost, card_ms in (("238.67", 192_000_000), ("-38.67", -36_000_000)):
            book(conn, BookingRow(**facts, cost=Decimal(cost), currency="CNY", node_ms=3_600_000, card_ms=card_ms))

    busy.write(write)
    shown = busy.run("jobs", "show", LONG, COLUMNS="200").stdout
    facts = dict(re.split(r"  +", line, maxsplit=1) for line in shown.splitlines() if "  " in line)
    assert [facts[name] for name in ("node hours", "card hours", "cost")] == ["2.00", "43.33", "200.00 CNY"]
    (used,) = json.loads(busy.run("jobs", "show", LONG, "--output", "json").stdout)["usage"]
    assert (used["card_hours"], used["cost"], used["currency"]) == ("43.333333333", "200.00", "CNY")
    assert "\ncost " not in busy.run("jobs", "show", "qwen-sft").stdout, "nothing is booked of it"


def test_deletions_are_listed_and_one_that_is_under_way_stands_in_the_head_of_its_job(busy: Installed) -> None:
    def write(conn: Connection, epoch: str) -> None:
        facts: dict[str, Any] = {"account": "ascend-north", "requested_at": START, "due_at": START}
        nightly = Asker(AskerKind.POLICY, "nightly")
        add_action(conn, deletion(**facts, job_id=LONG, job_name="bert", asker=nightly, reason="nightly: old"))
        facts |= {"state": ActionState.REFUSED, "settled_at": START, "due_at": None}
        add_action(conn, deletion(**facts, id="d2", job_id="left", job_name="left", reason="it is too new"))

    busy.write(write)
    shown = busy.run("jobs", "deletions", COLUMNS="160").stdout.splitlines()
    assert shown[0].split() == ["NAME", "STATE", "ASKED", "BY", "ACCOUNT", "JOB,", "AND", "WHY"]
    assert re.search(r"^left +refused .* ann +ascend-north +left: it is too new$", shown[1])
    assert re.search(rf"^bert +requested .* the policy nightly +ascend-north +{LONG}: nightly: old$", shown[2])
    for words, ids in ((["--open"], ["d1"]), (["--settled"], ["d2"]), (["--policy", "nightly"], ["d1"])):
        found = json.loads(busy.run("jobs", "deletions", *words, "--output", "json").stdout)
        assert [each["id"] for each in found] == ids
    assert busy.run("jobs", "deletions", "--settled", "--policy", "nightly").stdout.startswith("No deletion is known")
    slip = busy.run("jobs", "deletions", "--policy", "nope")
    said = "error: No policy is named 'nope'.\nhint: The config has no `cleanup`.\n"
    assert (slip.returncode, slip.stderr) == (2, said)
    busy.config.write_text(busy.config.read_text() + "cleanup: [{name: weekly}]\n")
    slip = busy.run("jobs", "deletions", "--policy", "weakly")
    assert slip.stderr.endswith("hint: Did you mean `weekly`? There are: weekly.\n")
    page = " ".join(busy.run("jobs", "show", LONG).stdout.split())
    assert "deletion under way (requested), asked for 20" in page
    assert "by the policy nightly; nightly: old" in page
    assert "under way" not in busy.run("jobs", "show", "left").stdout


@pytest.mark.parametrize("word", ["pretrain", "PRETRAIN-31", "d712-46a6", f"{LONG[:20]}…", f"{LONG[:20]}~"])
def test_a_part_that_no_other_job_has_is_enough(busy: Installed, word: str) -> None:
    done = busy.run("jobs", "show", word, "--output", "json")
    assert json.loads(done.stdout)["id"] == LONG


def test_a_part_that_several_have_is_answered_with_all_of_them(busy: Installed) -> None:
    done = busy.run("jobs", "show", "win")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        "  ft-20260101-cccc-0006  twin  (llm-beijing)",
        "  ft-20260101-cccc-0005  twin  (llm-beijing)",
        "error: 2 jobs are meant by 'win'.",
        "hint: Give more of it or the whole id, and --account NAME where two accounts have it.",
    ]
    assert busy.run("jobs", "show", "…").returncode == 1


def test_a_part_that_also_begins_an_id_or_is_a_whole_name_means_that(busy: Installed) -> None:
    found = json.loads(busy.run("jobs", "show", "qwen-sft", "--output", "json").stdout)
    assert found["id"] == "ft-20260101-aaaa-0001", "and not the one whose name only begins so"
