"""What a reload would change is told rule by rule and key by key, as it would stand in the file."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from monitor.lab.changes import changes, document, words
from monitor.rules import FlappingOptions, PersonOptions, RuleOptions, UnmatchedOptions
from monitor.rules.options import Window
from monitor.rules.written import written
from tests.kit.played import rule


def book(*rules: RuleOptions, people: tuple[str, ...] = (), net: str | None = None, changes: int = 6) -> Any:
    return SimpleNamespace(
        rules=rules,
        people=[PersonOptions(name=name, ids=["modelarts:1"], notify=["s"]) for name in people],
        unmatched=UnmatchedOptions(notify=[net]) if net else None,
        flapping=FlappingOptions(changes=changes),
    )


def test_rules_that_are_the_same_differ_in_nothing() -> None:
    same = book(rule("job.*", lasting="90m"), people=("ann",), net="s")
    assert not changes(same, book(rule("job.*", lasting="1h30m"), people=("ann",), net="s"))


def test_a_rule_that_only_bears_another_name_is_neither_new_nor_gone() -> None:
    before = book(rule("job.*", "old", lasting="90m"), rule("job.*", "other"))
    other = rule("job.*", "other")
    after = book(rule("job.*", "new", ["s", "t"], lasting="90m", was="old"), other)
    found = changes(before, after)
    assert list(words(found)) == ["renamed: rule old to new", "  notify: [s] -> [s, t]"]
    assert [(each["what"], each["name"], each["was"]) for each in document(found)["changes"]] == [
        ("renamed", "new", "old")
    ]
    assert list(words(changes(after, book(rule("job.*", "new", ["s", "t"], lasting="90m"), other)))) == [], "it may go"
    moved = book(other, rule("job.*", "new", lasting="90m", was="old"))
    assert list(words(changes(before, moved)))[-1] == "order of the rules: new, other -> other, new"


def test_a_former_name_that_never_was_or_is_that_of_another_rule_renames_nothing() -> None:
    before = book(rule("job.*", "a"))
    added = ["added: rule b", "  on: [job.*]", "  notify: [s]"]
    for was, rest in (("never", [rule("job.*", "a")]), ("a", [rule("job.*", "a")])):
        said = list(words(changes(before, book(rule("job.*", "b", was=was), *rest))))
        assert [line for line in said if "was" not in line] == added


def test_added_removed_and_changed_things_are_told_in_words() -> None:
    before = book(rule("job.*", "kept", lasting="90m"), rule("job.*", "gone"), people=("ann",), net="s")
    window = {"between": ["22:00", "08:00"], "timezone": "Asia/Shanghai", "except": "true"}
    after = book(
        rule("flavor.*", "new", title="two\nlines", hold=window),
        rule("job.*", "kept", ["s", "t"], lasting="2h", stop=True),
        people=("bob",),
        changes=7,
    )
    assert list(words(changes(before, after))) == [
        "added: rule new",
        "  on: [flavor.*]",
        "  notify: [s]",
        '  title: "two\\nlines"',
        "  hold: [{between: [22:00, 08:00], timezone: Asia/Shanghai, except: true}]",
        "changed: rule kept",
        "  for: 1h30m -> 2h",
        "  notify: [s] -> [s, t]",
        "  stop: not set -> true",
        "removed: rule gone",
        "added: person bob",
        "  ids: [modelarts:1]",
        "  notify: [s]",
        "removed: person ann",
        "removed: unmatched",
        "changed: flapping",
        "  changes: not set -> 7",
    ]


def test_another_order_is_a_change() -> None:
    one, two = rule("job.*", "one", stop=True), rule("job.*", "two")
    found = changes(book(one, two), book(two, rule("job.*", "three"), one))
    assert list(words(found))[-1] == "order of the rules: one, two -> two, one"
    assert document(found)["order"] == {"before": ["one", "two"], "after": ["two", "one"]}
    assert document(found)["changes"][0]["what"] == "added"


def test_what_is_written_is_read_as_the_same() -> None:
    made = rule(
        ["job.queued", "flavor.sold_out"],
        severity="warning",
        lasting="100s",
        group_by=[],
        group_wait="0s",
        mute=[{"days": ["sat", "sun"]}, {"between": ["00:00", "06:30"]}],
        escalate=[{"after": "1h", "notify": ["boss"]}],
        remind_every="1d12h",
        resolved=False,
    )
    told = written(made)
    assert RuleOptions.model_validate(told) == made
    assert (told["for"], told["group_wait"], told["remind_every"]) == ("1m40s", "0s", "1d12h")
    assert isinstance(made.mute and made.mute[0], Window)
    assert "shadow" not in told
