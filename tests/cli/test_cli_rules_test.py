"""`rules test` and `rules lint` as people and their CI use them."""

from __future__ import annotations

import json
import shutil
import time
from xml.etree import ElementTree as ET

import pytest

from tests.kit.installed import Installed

PASSING = """\
rules:
  - {name: ended, on: [job.finished], notify: [team]}
cases:
  - name: An end is told
    given: [{job: "x, starts"}, {job: "x, succeeds"}]
    expect: {rule: ended, to: team, about: x}
  - name: A start is not
    given: [{job: "x, starts"}]
    expect: nothing
"""
FAILING = PASSING.replace("to: team", "to: ops")
BROKEN = PASSING.replace("starts", "satrts")
CONFIG = """\
accounts:
  - {name: north, provider: modelarts, region: cn-north-4, project_id: p, token: "${env:NOBODY_SET_IT}", jobs: {},
     labels: {team: vision}}
sinks: [{name: team, type: apprise, url: "${env:NOBODY_SET_IT}"}, {name: ops, type: log}]
rules: [{name: ended, on: [job.finished], when: 'account.labels["team"] == "vision"', notify: [team]}]
unmatched: {notify: [ops]}
"""


@pytest.fixture
def bench(bare: Installed) -> Installed:
    """Files of cases beside a config file with rules."""
    bare.config.write_text(CONFIG)
    for name, text in (("passing", PASSING), ("failing", FAILING), ("broken", BROKEN)):
        (bare.root / f"{name}.yaml").write_text(text)
    return bare


def test_all_is_well_with_0_and_one_line(bench: Installed) -> None:
    done = bench.run("rules", "test", "passing.yaml")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("2 cases: 2 passed (")
    assert done.stdout.count("\n") == 1


def test_a_case_that_differs_ends_with_1_and_says_where(bench: Installed) -> None:
    done = bench.run("rules", "test", "passing.yaml", "failing.yaml")
    assert done.returncode == 1
    assert "FAILED  An end is told\n  failing.yaml:4\n" in done.stdout
    assert "\n  x to        ops                               team\n" in done.stdout
    assert "4 cases: 3 passed, 1 failed (" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_a_file_with_mistakes_ends_with_2_and_nothing_is_played(bench: Installed) -> None:
    done = bench.run("rules", "test", "passing.yaml", "broken.yaml", "nowhere.yaml")
    assert (done.returncode, done.stdout) == (2, "")
    assert "broken.yaml:5:19: cases[0].given[0].job: 'satrts' is nothing that can be told of it" in done.stderr
    assert "nowhere.yaml:1:1: there is no such file of cases\n" in done.stderr
    assert "error: 3 mistakes in what was to be tested; nothing was played.\nhint: " in done.stderr


def test_a_folder_stands_for_the_files_in_it(bench: Installed) -> None:
    folder = bench.root / "cases"
    (folder / "more").mkdir(parents=True)
    (folder / "more/one.yaml").write_text(PASSING)
    (folder / "two.yml").write_text(PASSING)
    assert bench.run("rules", "test", "cases").stdout.startswith("4 cases: 4 passed (")
    (folder / "empty").mkdir()
    assert "cases/empty:1:1: no file in it ends with .yaml or .yml" in bench.run("rules", "test", "cases/empty").stderr


def test_a_step_that_cannot_be_is_an_error_of_its_case_alone(bench: Installed) -> None:
    (bench.root / "odd.yaml").write_text(PASSING.replace('{job: "x, starts"}]', "start]"))
    done = bench.run("rules", "test", "odd.yaml")
    assert done.returncode == 1
    assert "ERROR  A start is not\n  odd.yaml:7\n" in done.stdout
    assert "odd.yaml:8:13: cases[1].given[0]: the daemon runs" in done.stdout
    assert "2 cases: 1 passed, 1 could not be played (" in done.stdout


def test_words_choose_cases_by_name(bench: Installed) -> None:
    assert bench.run("rules", "test", "failing.yaml", "-k", "START").stdout.startswith("1 case: 1 passed (")
    none = bench.run("rules", "test", "failing.yaml", "-k", "nothing like it")
    assert none.returncode == 2
    assert "error: No case has 'nothing like it' in its name.\nhint: There are 2, like: An end is told" in none.stderr


def test_json_says_everything_that_came(bench: Installed) -> None:
    done = bench.run("rules", "test", "failing.yaml", "--output", "json")
    first, second = json.loads(done.stdout)
    assert (done.returncode, first["state"], second["state"]) == (1, "failed", "passed")
    (message,) = first["messages"]
    assert (message["rule"], message["to"], message["reason"]) == ("ended", ["team"], "new")
    assert message["at"] == "2026-01-05T01:00:00Z"
    assert first["differences"]
    assert second["differences"] == []
    assert len(bench.run("rules", "test", "failing.yaml", "--output", "jsonl").stdout.splitlines()) == 2


def test_junit_is_written_to_a_file_or_to_stdout(bench: Installed) -> None:
    done = bench.run("rules", "test", "failing.yaml", "--junit", "report.xml")
    assert done.returncode == 1
    root = ET.parse(bench.root / "report.xml").getroot()
    assert [root.get(name) for name in ("tests", "failures", "errors")] == ["2", "1", "0"]
    failure = root.find("testsuite/testcase/failure")
    assert failure is not None
    assert failure.get("message") == "The message of line 6 came otherwise:"
    assert "x to" in (failure.text or "")

    piped = bench.run("rules", "test", "failing.yaml", "--junit", "-")
    assert ET.fromstring(piped.stdout).tag == "testsuites"
    both = bench.run("rules", "test", "passing.yaml", "--junit", "-", "--output", "json")
    assert (both.returncode, both.stdout) == (2, "")
    nowhere = bench.run("rules", "test", "passing.yaml", "--junit", "no/such/folder.xml")
    assert nowhere.returncode == 1
    assert "error: no/such/folder.xml cannot be written: No such file or directory.\nhint: " in nowhere.stderr


def test_a_case_that_passes_while_a_message_waits_says_so(bench: Installed) -> None:
    (bench.root / "waits.yaml").write_text(PASSING.replace("on: [job.finished]", "on: [job.started], for: 2h"))
    done = bench.run("rules", "test", "waits.yaml", "-k", "is not", "--junit", "report.xml")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[:6] == [
        "NOTE  A start is not",
        "  waits.yaml:7",
        "  The case is over at 0s (09:00), and this waits still:",
        "    2h (11:00)             -> team: ended (new) Training job “x” has been",
        "                           running for 2 h",
        "  A `- wait: 2h` at the end of `given` lets it come.",
    ]
    assert "1 case: 1 passed (" in done.stdout
    note = ET.parse(bench.root / "report.xml").getroot().findtext("testsuite/testcase/system-out")
    assert "this waits still" in (note or "")
    (case,) = json.loads(bench.run("rules", "test", "waits.yaml", "-k", "is not", "--output", "json").stdout)
    assert [(each["rule"], each["at"]) for each in case["waiting"]] == [("ended", "2026-01-05T03:00:00Z")]


def test_the_rules_of_the_config_file_are_tried_and_no_secret_is_looked_up(bench: Installed) -> None:
    cases = PASSING.partition("cases:")[2]
    (bench.root / "own.yaml").write_text(f"cases:{cases}".replace("nothing", "{to: ops, about: x, count: 1}"))
    done = bench.run("rules", "test", "own.yaml")
    assert "came that was not expected" in done.stdout  # the net takes what no rule takes
    (bench.root / "net.yaml").write_text(f"cases:{cases}".partition("  - name: A start")[0])
    assert bench.run("rules", "test", "net.yaml").stdout.count("    to        ops\n") == 2
    other = bench.root / "deeper"
    other.mkdir()
    shutil.copy(bench.config, other / "rules.yaml")
    named = f"config: rules.yaml\nunmatched: {{notify: [ops], min_severity: critical}}\ncases:{cases}"
    (other / "cases.yaml").write_text(named)
    bench.config.unlink()
    assert bench.run("rules", "test", "deeper/cases.yaml").returncode == 0


def test_a_mistake_in_the_config_file_has_its_place_there(bench: Installed) -> None:
    bench.config.write_text(CONFIG.replace("account.labels", "acount.labels"))
    (bench.root / "own.yaml").write_text("cases:" + PASSING.partition("cases:")[2])
    done = bench.run("rules", "test", "own.yaml")
    assert done.returncode == 2
    assert "training-monitor.yaml:5:" in done.stderr
    assert "rules[0].when" in done.stderr


def test_a_section_of_a_case_replaces_that_of_the_file(bench: Installed) -> None:
    own = "    rules: [{name: begun, on: [job.started], notify: [ops]}]\n"
    given = '    given: [{job: "x, starts"}]\n'
    text = PASSING.replace(f"{given}    expect: nothing\n", f"{own}{given}    expect: {{to: ops}}\n")
    (bench.root / "two.yaml").write_text(text)
    assert bench.run("rules", "test", "two.yaml").stdout.startswith("2 cases: 2 passed (")


def test_a_thousand_cases_take_seconds(bench: Installed) -> None:
    case = """\
  - name: Case {n}
    given:
      - job: x{n}, queues
      - wait: 3h
    expect: {{at: 2h, to: team, about: x{n}}}
"""
    head = "rules: [{name: stuck, on: [job.queued], for: 2h, notify: [team]}]\ncases:\n"
    (bench.root / "many.yaml").write_text(head + "".join(case.format(n=number) for number in range(1000)))
    begun = time.process_time()
    done = bench.run("rules", "test", "many.yaml")
    assert done.stdout.startswith("1000 cases: 1000 passed (")
    assert time.process_time() - begun < 10


def test_lint_says_what_is_hardly_meant_with_its_place_and_a_remedy(bench: Installed) -> None:
    done = bench.run("rules", "lint")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("training-monitor.yaml: 1 rule, nothing to look at.\n")

    bench.config.write_text(CONFIG.replace("unmatched: {notify: [ops]}", "unmatched: {notify: [team]}"))
    done = bench.run("rules", "lint")
    assert done.returncode == 1
    assert "training-monitor.yaml:4:" in done.stdout.replace("\n         ", "")
    assert "\n         > " in done.stdout
    assert done.stdout.endswith("1 rule, one thing to look at.\n")
    (finding,) = json.loads(bench.run("rules", "lint", "--output", "json").stdout)
    assert (finding["line"], finding["rule"], "ops" in finding["what"]) == (4, None, True)
    assert finding["remedy"]


def test_lint_of_a_broken_file_ends_with_2(bench: Installed) -> None:
    bench.config.write_text(CONFIG.replace("[team]}]", "[taem]}]"))
    done = bench.run("rules", "lint")
    assert (done.returncode, done.stdout) == (2, "")
    assert "did you mean team?" in done.stderr
