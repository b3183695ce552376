"""A catalogue's entries: listed, delisted, changed; the stock of their zones has a file of its own."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.diff import diff_flavor, flavor_delisted
from monitor.model import Catalogue


def test_the_first_reading_adopts_silently(flavor: Any, reading: Any) -> None:
    change = diff_flavor(None, flavor({"a": "soldout"}), reading(baselining=True))
    assert (change.drafts, change.known.revision, change.known.listed) == ((), 1, True)
    assert (change.known.stock["a"].word, change.known.stock["a"].raw) == ("soldout", "soldout")


def test_under_first_run_full_the_first_reading_tells_each_entry(flavor: Any, reading: Any) -> None:
    change = diff_flavor(None, flavor(), reading(baselining=True, first_run="full"))
    assert [draft.type for draft in change.drafts] == ["flavor.listed"]


@pytest.mark.parametrize(
    ("catalogue", "subject"),
    [(Catalogue.RESOURCE, "resource-flavor/ascend.8"), (Catalogue.TRAINING, "training-flavor/ascend.8")],
)
def test_a_new_entry_is_listed_under_its_catalogues_name(
    flavor: Any, reading: Any, catalogue: Catalogue, subject: str
) -> None:
    (draft,) = diff_flavor(None, flavor(catalogue=catalogue), reading()).drafts
    assert (draft.type, draft.subject) == ("flavor.listed", subject)
    assert draft.data["flavor"] == {
        "id": "ascend.8",
        "name": "Ascend 8",
        "catalogue": catalogue.value,
        "type": "Ascend",
        "zone": None,
        "stock": None,
        "zones": {"a": "normal"},
        "max_nodes": 4,
        "specification": {"cpu": 192, "npu": "8*Ascend"},
        "billing": {"code": "a8", "unit": 1},
    }


def test_an_unchanged_entry_is_nothing_to_write(flavor: Any, reading: Any) -> None:
    known = diff_flavor(None, flavor(), reading()).known
    assert diff_flavor(known, flavor(), reading(11)) is None


@pytest.mark.parametrize(
    ("facts", "changes"),
    [
        ({"name": "A8"}, {"name": ["Ascend 8", "A8"]}),
        ({"type": "GPU"}, {"type": ["Ascend", "GPU"]}),
        ({"max_nodes": 8}, {"max_nodes": [4, 8]}),
        ({"max_nodes": None}, {"max_nodes": [4, None]}),
        ({"specification": {"cpu": 96, "npu": "8*Ascend"}}, {"specification.cpu": [192, 96]}),
        ({"specification": {"cpu": 192}}, {"specification.npu": ["8*Ascend", None]}),
        ({"billing": {"code": "a8", "unit": 2}}, {"billing.unit": [1, 2]}),
        ({"billing": {"code": "a8", "unit": 1, "mode": 1}}, {"billing.mode": [None, 1]}),
        ({"zones": {"a": "normal", "c": "soldout"}}, {"zones": [["a"], ["a", "c"]]}),
        ({"zones": {}}, {"zones": [["a"], []]}),
        ({"max_nodes": 8, "name": "A8"}, {"name": ["Ascend 8", "A8"], "max_nodes": [4, 8]}),
    ],
)
def test_a_changed_entry_is_one_event_with_all_changes(
    flavor: Any, reading: Any, facts: dict[str, Any], changes: dict[str, Any]
) -> None:
    known = diff_flavor(None, flavor(), reading()).known
    change = diff_flavor(known, flavor(**facts), reading(11))
    (draft,) = change.drafts
    assert (draft.type, draft.data["changes"], change.known.revision) == ("flavor.changed", changes, 2)


def test_a_change_of_the_offer_and_of_its_stock_are_two_subjects(flavor: Any, reading: Any) -> None:
    known = diff_flavor(None, flavor(), reading()).known
    drafts = diff_flavor(known, flavor({"a": "soldout"}, max_nodes=1), reading(11)).drafts
    assert [draft.subject for draft in drafts] == ["resource-flavor/ascend.8", "flavor/ascend.8/a"]


def test_an_entry_that_left_is_delisted_once(flavor: Any, reading: Any) -> None:
    known = diff_flavor(None, flavor(), reading()).known
    change = flavor_delisted(known, reading(11))
    (draft,) = change.drafts
    assert (draft.type, draft.data["flavor"]["zones"]) == ("flavor.delisted", {"a": "normal"})
    assert (change.known.listed, change.known.revision) == (False, 2)
    assert flavor_delisted(change.known, reading(12)) is None


def test_an_entry_that_comes_back_is_listed_with_what_changed_meanwhile(flavor: Any, reading: Any) -> None:
    known = flavor_delisted(diff_flavor(None, flavor(), reading()).known, reading(11)).known
    change = diff_flavor(known, flavor(max_nodes=9), reading(12))
    assert [(d.type, d.data["changes"]) for d in change.drafts] == [("flavor.listed", {"max_nodes": [4, 9]})]
    assert (change.known.listed, change.known.revision) == (True, 3)


def test_a_catalogue_without_stock_is_compared_too(flavor: Any, reading: Any) -> None:
    known = diff_flavor(None, flavor({}, catalogue=Catalogue.TRAINING), reading()).known
    assert diff_flavor(known, flavor({}, catalogue=Catalogue.TRAINING), reading(11)) is None


def test_after_a_gap_all_is_late(flavor: Any, reading: Any) -> None:
    known = diff_flavor(None, flavor(), reading()).known
    drafts = diff_flavor(known, flavor({"a": "soldout"}, max_nodes=1), reading(99, gap=True)).drafts
    assert [draft.late for draft in drafts] == [draft.data["late"] for draft in drafts] == [True, True]
