"""Stock of one zone: what is believed, what is told, and for how long the other state lasted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from monitor.diff import diff_flavor, flavor_delisted, is_settled
from monitor.model import KnownFlavor, Severity

ROWS: list[tuple[str, int, str, str]] = [
    # N: normal, S: soldout, w and v: words nobody knows, -: the zone is not listed; then what each poll tells
    ("it sells out", 1, "NS", ".s"),
    ("it comes back", 1, "SN", ".r"),
    ("first sight tells nothing", 1, "S", "."),
    ("it comes and goes", 1, "NSNS", ".srs"),
    ("an unknown word between the same", 1, "NwN", "..."),
    ("an unknown word between the two: the last of the two counts", 1, "NwS", "..s"),
    ("two unknown words between", 1, "SwvN", "...r"),
    ("unknown at first, then normal", 1, "wN", ".."),
    ("unknown at first, then normal, then sold out", 1, "wNS", "..s"),
    ("unknown all along", 1, "wvw", "..."),
    ("a zone that was away and comes back with the other word", 1, "S-N", "..r"),
    ("a zone that was away and comes back as it was", 1, "S-S", "..."),
    ("two in a row are believed", 2, "NSS", "..s"),
    ("a flicker is not", 2, "NSNSN", "....."),
    ("the row begins anew after a flicker", 2, "NSNSS", "....s"),
    ("another word in between breaks the row", 2, "NSwS", "...."),
    ("another word in between breaks the row, then two", 2, "NSwSS", "....s"),
    ("an unknown word must be confirmed too", 2, "NwNSS", "....s"),
    ("first sight is believed at once", 3, "SNNN", "...r"),
    ("a confirmed unknown word, then the other", 2, "NwwSS", "....s"),
    ("a zone that leaves breaks the row", 2, "NS-S", "...."),
    ("three in a row, and back", 3, "NSSSNNN", "...s..r"),
]
WORDS = {"N": "normal", "S": "soldout", "w": "maintenance", "v": "limited"}
TOLD = {"flavor.sold_out": "s", "flavor.restocked": "r"}


@pytest.mark.parametrize(("confirm", "polls", "expected"), [r[1:] for r in ROWS], ids=[r[0] for r in ROWS])
def test_stock_is_told_between_sold_out_and_normal_once_confirmed(
    flavor: Callable[..., Any], reading: Callable[..., Any], confirm: int, polls: str, expected: str
) -> None:
    known: KnownFlavor | None = None
    told = ""
    for minute, letter in enumerate(polls):
        zones = {"a": WORDS[letter]} if letter != "-" else {}
        change = diff_flavor(known, flavor({"b": "normal"} | zones), reading(minute, confirm=confirm))
        letters = [TOLD[draft.type] for draft in change.drafts if draft.type in TOLD] if change else []
        told += "".join(letters) or "."
        known = change.known if change else known
    assert told == expected


def _last(changes: list[Any]) -> Any:
    return changes[-1].drafts[-1]


def _follow(flavor: Any, reading: Any, *polls: tuple[float, dict[str, str]], confirm: int = 1) -> list[Any]:
    known, changes = None, []
    for minute, zones in polls:
        change = diff_flavor(known, flavor(zones), reading(minute, confirm=confirm))
        if change is not None:
            known = change.known
            changes.append(change)
    return changes


def test_a_stock_event_says_which_zone_and_how_long_it_was_in_the_other_state(flavor: Any, reading: Any) -> None:
    draft = _last(_follow(flavor, reading, (0, {"a": "normal"}), (90, {"a": "soldout"}), (120, {"a": "normal"})))
    assert (draft.type, draft.subject, draft.severity) == ("flavor.restocked", "flavor/ascend.8/a", Severity.INFO)
    assert draft.data["previous"] == {
        "stock": "soldout",
        "since": "2026-03-01T13:30:00Z",
        "duration": 1800.0,
        "at_least": False,
    }
    assert (draft.data["flavor"]["zone"], draft.data["flavor"]["stock"]) == ("a", "normal")


def test_selling_out_is_a_warning(flavor: Any, reading: Any) -> None:
    draft = _last(_follow(flavor, reading, (0, {"a": "normal"}), (1, {"a": "soldout"})))
    assert (draft.type, draft.severity) == ("flavor.sold_out", Severity.WARNING)


def test_the_other_state_lasts_through_unknown_words(flavor: Any, reading: Any) -> None:
    polls = [
        (0, {"a": "soldout"}),
        (5, {"a": "odd"}),
        (10, {"a": "soldout"}),
        (20, {"a": "odd"}),
        (30, {"a": "normal"}),
    ]
    draft = _last(_follow(flavor, reading, *polls))
    assert draft.data["previous"]["duration"] == 1800.0


def test_zones_are_told_one_by_one_with_one_revision(flavor: Any, reading: Any) -> None:
    changes = _follow(flavor, reading, (0, {"a": "normal", "b": "soldout"}), (1, {"a": "soldout", "b": "normal"}))
    assert [draft.subject for draft in changes[-1].drafts] == ["flavor/ascend.8/a", "flavor/ascend.8/b"]
    assert changes[-1].known.revision == 2


def test_what_waits_to_be_confirmed_is_saved_without_an_event(flavor: Any, reading: Any) -> None:
    changes = _follow(flavor, reading, (0, {"a": "normal"}), (1, {"a": "soldout"}), confirm=3)
    stock = changes[-1].known.stock["a"]
    assert (stock.word, stock.pending, stock.pending_count, is_settled(stock)) == ("normal", "soldout", 1, False)
    assert (changes[-1].drafts, changes[-1].known.revision) == ((), 2)
    assert changes[-1].known.flavor.zones == {"a": "soldout"}


def test_an_event_shows_the_believed_word_of_each_zone(flavor: Any, reading: Any) -> None:
    polls = [(0, {"a": "normal", "b": "normal"}), (1, {"a": "soldout", "b": "normal"})]
    draft = _last(_follow(flavor, reading, *polls, (2, {"a": "soldout", "b": "soldout"}), confirm=2))
    assert draft.data["flavor"]["zones"] == {"a": "soldout", "b": "normal"}


def test_a_flavor_that_was_delisted_while_sold_out_is_listed_and_restocked(flavor: Any, reading: Any) -> None:
    known = diff_flavor(None, flavor({"a": "soldout"}), reading(0)).known
    known = flavor_delisted(known, reading(1)).known
    change = diff_flavor(known, flavor({"a": "normal"}), reading(2))
    assert [draft.type for draft in change.drafts] == ["flavor.listed", "flavor.restocked"]


def test_delisting_breaks_the_row_of_equal_polls(flavor: Any, reading: Any) -> None:
    known = _follow(flavor, reading, (0, {"a": "normal"}), (1, {"a": "soldout"}), confirm=2)[-1].known
    known = flavor_delisted(known, reading(2, confirm=2)).known
    assert is_settled(known.stock["a"])
    assert [d.type for d in diff_flavor(known, flavor({"a": "soldout"}), reading(3, confirm=2)).drafts] == [
        "flavor.listed"
    ]


def test_a_stock_that_nobody_saw_begin_lasted_at_least_so_long(flavor: Any, reading: Any) -> None:
    changes = _follow(flavor, reading, (0, {"a": "normal"}), (5, {"a": "soldout"}), (9, {"a": "normal"}))
    told = [draft.data["previous"]["at_least"] for change in changes[1:] for draft in change.drafts]
    assert told == [True, False]
