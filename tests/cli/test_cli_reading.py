"""Commands that read the store, as people and programs run them: real processes, 80 columns, exit codes."""

from __future__ import annotations

import json

import pytest
from rich.cells import cell_len

from monitor.store import delivery_id
from tests.kit.installed import CHINESE, Installed

READING = [
    ("jobs", "list"),
    ("jobs", "show", "ft-20260101-aaaa-0002"),
    ("jobs", "show", "ft-20260101-bbbb-0003"),
    ("flavors", "list"),
    ("flavors", "history", "modelarts.bm.npu.arm.8snt9b3.d"),
    ("usage",),
    ("usage", "--by", "model"),
    ("usage", "--by", "label:team"),
    ("events", "list"),
    ("events", "show", "3"),
    ("notifications", "list"),
    ("notifications", "show", f"{1:032x}"),
    ("deliveries", "list"),
    ("deliveries", "show", delivery_id(f"{1:032x}", "hook")),
    ("sinks", "list"),
    ("db", "check"),
    ("db", "upgrade"),
]


@pytest.mark.parametrize("arguments", READING, ids=" ".join)
def test_tables_fit_the_terminal_and_hold_nothing_that_acts_on_it(
    installed: Installed, arguments: tuple[str, ...]
) -> None:
    for width, locale in ((80, ""), (40, ""), (40, "C")):
        done = installed.run(*arguments, COLUMNS=str(width), PYTHONUTF8="0", LC_ALL=locale)

        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout
        lines = done.stdout.replace(str(installed.root), "").splitlines()
        assert [line for line in lines if cell_len(line) > width and not line.startswith("The database")] == []
        assert [char for char in done.stdout if char != "\n" and not char.isprintable()] == []
        assert not locale or done.stdout.isascii()


@pytest.mark.parametrize("arguments", READING[:-1], ids=" ".join)
def test_programs_get_json_that_holds_the_same(installed: Installed, arguments: tuple[str, ...]) -> None:
    lines = installed.run(*arguments, "--output", "jsonl").stdout.splitlines()
    whole = json.loads(installed.run(*arguments, "--output", "json").stdout)

    items = [json.loads(line) for line in lines]
    assert items == (whole if isinstance(whole, list) else [whole]) or arguments[0] in ("jobs", "flavors")
    assert len(items) == (len(whole) if isinstance(whole, list) else 1)


def test_jobs_are_listed_newest_first_with_what_they_are(installed: Installed) -> None:
    jobs = json.loads(installed.run("jobs", "list", "--output", "json").stdout)

    assert [job["id"][-4:] for job in jobs] == ["0006", "0005", "0004", "0003", "0002", "0001"]
    assert jobs[4]["name"] == CHINESE
    assert jobs[4]["error"]["code"] == "OOM"
    assert jobs[0]["tokens"] == 1_234_567


def test_jobs_are_chosen_by_state_activity_text_and_number(installed: Installed) -> None:
    def ids(*options: str) -> list[str]:
        return [
            job["id"][-4:] for job in json.loads(installed.run("jobs", "list", "--output", "json", *options).stdout)
        ]

    assert ids("--state", "running") == ["0006", "0001"]
    assert ids("--search", "TWIN") == ["0006", "0005"]
    assert ids("--limit", "1") == ["0006"]
    assert ids("--account", "ascend-north") == []


def test_a_job_is_shown_by_id_prefix_or_name(installed: Installed) -> None:
    for word in ("ft-20260101-aaaa-0002", CHINESE):
        done = installed.run("jobs", "show", word, "--account", "llm-beijing", "--output", "json")
        assert json.loads(done.stdout)["id"] == "ft-20260101-aaaa-0002"
    assert installed.run("jobs", "show", "ft-20260101-b").returncode == 1
    assert "0004" in installed.run("jobs", "show", "qwen-sft-with-a-long-name-that-does-not-fit-anywhere-at-all").stdout
    shown = installed.run("jobs", "show", CHINESE).stdout
    assert "OOM" in shown
    assert "job.finished" in shown


def test_a_job_that_is_not_known_or_not_the_only_one_is_answered_with_what_there_is(installed: Installed) -> None:
    twin = installed.run("jobs", "show", "twin")
    assert (twin.returncode, twin.stdout) == (1, "")
    assert "ft-20260101-cccc-0005" in twin.stderr
    assert "ft-20260101-cccc-0006" in twin.stderr
    assert "error: 2 jobs are meant by 'twin'." in twin.stderr

    nobody = installed.run("jobs", "show", "nobody")
    assert nobody.returncode == 1
    assert nobody.stderr.startswith("error: No job is known by 'nobody'.\nhint: ")


def test_flavors_are_listed_by_zone_and_stock(installed: Installed) -> None:
    sold = json.loads(installed.run("flavors", "list", "--stock", "soldout", "--output", "json").stdout)
    assert [(row["zone"], row["stock"]) for row in sold] == [("cn-north-4b", "soldout")]
    normal = json.loads(installed.run("flavors", "list", "--zone", "cn-north-4a", "--output", "json").stdout)
    assert [row["stock"] for row in normal] == ["normal"]

    flavor = "modelarts.bm.npu.arm.8snt9b3.d"
    assert "is sold out" in installed.run("flavors", "history", flavor, "--zone", "cn-north-4b", COLUMNS="200").stdout
    assert "Nothing has happened" in installed.run("flavors", "history", flavor, "--zone", "cn-north-4a").stdout
    assert installed.run("flavors", "history", "nix").returncode == 1


def test_usage_is_exact_and_never_mixes_currencies(installed: Installed) -> None:
    rows = json.loads(installed.run("usage", "--by", "model", "--output", "json").stdout)
    assert {(row["currency"], row["cost"], row["tokens"]) for row in rows} == {
        ("CNY", "0.30", 2000),
        ("USD", "1.005", 1000),
        (None, None, 1000),
    }
    totals = [line.split() for line in installed.run("usage").stdout.splitlines() if line.startswith("TOTAL")]
    assert totals == [
        ["TOTAL", "2", "2,000", "0.30", "CNY"],
        ["TOTAL", "1", "1,000", "1.005", "USD"],
        ["TOTAL", "1", "1,000", "no", "price"],
    ]


def test_events_are_listed_oldest_first_as_cloudevents(installed: Installed) -> None:
    events = [json.loads(line) for line in installed.run("events", "list", "--output", "jsonl").stdout.splitlines()]
    assert [event["type"] for event in events] == ["job.submitted", "job.finished", "job.finished", "flavor.sold_out"]
    assert events[0]["specversion"] == "1.0"
    assert events[0]["source"] == "training-monitor/llm-beijing"

    def types(*options: str) -> list[str]:
        lines = installed.run("events", "list", "--output", "jsonl", *options).stdout.splitlines()
        return [json.loads(line)["type"] for line in lines]

    assert types("--type", "flavor.*", "--type", "job.submitted") == ["job.submitted", "flavor.sold_out"]
    assert types("--account", "ascend-north") == ["flavor.sold_out"]
    assert types("--subject", "job/ft-20260101-aaaa-0001") == ["job.submitted"]
    assert types("--limit", "1") == ["flavor.sold_out"]
    assert types("--since", "1m") == []
    assert len(types("--since", "2000-01-01")) == 4


def test_an_event_is_shown_by_number_or_id(installed: Installed) -> None:
    by_number = json.loads(installed.run("events", "show", "1", "--output", "json").stdout)
    assert json.loads(installed.run("events", "show", by_number["id"], "--output", "json").stdout) == by_number
    missing = installed.run("events", "show", "999")
    assert (missing.returncode, missing.stderr.splitlines()[0]) == (1, "error: There is no event '999'.")


def test_without_a_database_the_answer_is_how_to_get_one(bare: Installed) -> None:
    for arguments in (("jobs", "list"), ("events", "follow"), ("usage",), ("db", "check")):
        done = bare.run(*arguments)
        assert done.returncode == 1
        assert done.stderr.startswith("error: There is no database ")
        assert "hint: " in done.stderr
    assert "journal" in bare.run("sinks", "list").stdout


def test_db_upgrade_makes_the_database(bare: Installed) -> None:
    assert bare.run("db", "upgrade").stdout == "The database was upgraded.\n"
    assert "is whole" in bare.run("db", "check").stdout


def test_a_file_that_is_no_database_is_said_to_be_none(bare: Installed) -> None:
    (bare.state / "monitor.db").write_text(
        "this is a letter, not a database, and long enough to look like a file\n" * 40
    )
    done = bare.run("jobs", "list")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "database" in done.stderr.splitlines()[0]
