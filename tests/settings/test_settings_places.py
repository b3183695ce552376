"""A place inside a YAML text is found in the file, whatever the text's style."""

from __future__ import annotations

import pytest

from monitor.settings.document import read_document

NEEDLE = "HERE"


@pytest.mark.parametrize(
    "text",
    [
        "when: a == HERE",
        "when:    a == HERE   # comment",
        "when: 'a == HERE'",
        "when: 'it''s a == HERE'",
        'when: "a == \\"b\\" && \\u00e9 \\x41 \\U0001f600 HERE"',
        'when: "a\\n  == HERE"',
        "when: |\n  a ==\n  HERE",
        "when: |\n  a ==\n    HERE",
        "when: |2-\n  a ==\n\n  HERE\n",
        "when: >\n  a ==\n  b &&\n  HERE",
        "when: >-\n  a ==\n\n  b &&\n  HERE\n",
        "when: a ==\n  b &&\n  HERE",
        'when: "a ==\n  b &&\n  HERE"',
        "when: 'a ==\n  b &&\n\n  HERE'",
        "when: 训练 == HERE",
        "rules:\n  - {when: a == HERE, name: b}",
    ],
)
def test_the_place_of_a_word_inside_a_text_is_its_place_in_the_file(text: str) -> None:
    document = read_document("file.yaml", text)
    path = ("rules", 0, "when") if text.startswith("rules") else ("when",)
    value = document.data["rules"][0]["when"] if text.startswith("rules") else document.data["when"]
    before = value[: value.index(NEEDLE)]

    found = document.problem(path, "x", inner=(before.count("\n") + 1, len(before) - before.rfind("\n")))

    index = text.index(NEEDLE)
    assert (found.line, found.column) == (text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index))


def test_a_place_outside_the_text_is_the_texts_own() -> None:
    document = read_document("file.yaml", "when: a == b")
    found = document.problem(("when",), "x", inner=(7, 1))
    assert (found.line, found.column) == (1, 7)


def test_what_is_missing_is_placed_at_the_section_that_lacks_it() -> None:
    document = read_document("file.yaml", "accounts:\n  - name: a\n")
    found = document.problem(("accounts", 0, "provider"), "is missing")
    assert (found.line, found.column, found.path) == (2, 5, "accounts[0].provider")


@pytest.mark.parametrize("text", ["a: 1\nkey:\nb: 2\n", "a: 1\nkey:  # note\n\nb: 2\n", "a: 1\nkey:\n"])
def test_a_value_that_was_left_empty_stands_behind_its_key(text: str) -> None:
    found = read_document("file.yaml", text).problem(("key",), "x")
    assert (found.line, found.column) == (2, 5)
