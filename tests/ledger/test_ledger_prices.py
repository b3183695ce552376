"""Prices as people write them, and which one holds."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from monitor.ledger import PriceOptions, check_prices, price_for


def price(**facts: Any) -> PriceOptions:
    told = {
        "provider": "model-studio",
        "model": "qwen3-14b",
        "per_1k_tokens": 0.03,
        "currency": "CNY",
        "since": "2026-01-01",
    }
    return PriceOptions.model_validate(told | facts)


@pytest.mark.parametrize(("written", "exact"), [(0.03, "0.03"), ("0.03", "0.03"), (2, "2"), ("0", "0"), (1e-7, "1E-7")])
def test_an_amount_is_what_was_written(written: Any, exact: str) -> None:
    assert price(per_1k_tokens=written).per_1k_tokens == Decimal(exact)


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"per_1k_tokens": "dear"}, "write a number, like 0.03"),
        ({"per_1k_tokens": True}, "write a number, like 0.03"),
        ({"per_1k_tokens": float("nan")}, "write a number, like 0.03"),
        ({"per_1k_tokens": "Infinity"}, "write a number, like 0.03"),
        ({"per_1k_tokens": None}, "needs per_1k_tokens"),
        ({"per_1k_tokens": -1}, "not below 0"),
        ({"currency": "yuan"}, "three letters"),
        ({"currency": "¥"}, "three letters"),
        ({"currency": None}, "three letters"),
        ({"currency": 100}, "three letters"),
        ({"since": "soon"}, "date"),
        ({"model": ""}, "at least 1"),
        ({"unit": "million"}, "not permitted"),
    ],
)
def test_a_wrong_price_says_what_would_be_right(facts: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as raised:
        price(**facts)
    assert message in str(raised.value)


@pytest.mark.parametrize("key", ["provider", "currency", "since"])
def test_nothing_of_a_price_but_its_region_may_be_left_out(key: str) -> None:
    whole = price().model_dump(mode="json")
    del whole[key]
    with pytest.raises(ValidationError) as raised:
        PriceOptions.model_validate(whole)
    assert [error["loc"] for error in raised.value.errors()] == [(key,)]


def test_a_currency_is_kept_in_capitals() -> None:
    assert price(currency="eur").currency == "EUR"


def test_the_latest_price_that_had_begun_holds() -> None:
    prices = [price(since="2026-03-01", per_1k_tokens="0.02"), price(), price(since="2026-02-01", per_1k_tokens="0.04")]
    days = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 2, 28), date(2026, 3, 1)]
    found = [price_for(prices, "model-studio", ["qwen3-14b"], None, day) for day in days]
    assert [got and got.amount for got in found] == [None, Decimal("0.03"), Decimal("0.04"), Decimal("0.02")]


def test_the_base_model_is_looked_up_before_the_model() -> None:
    prices = [price(model="mine", per_1k_tokens=9), price()]
    day = date(2026, 6, 1)
    both = price_for(prices, "model-studio", ["qwen3-14b", "mine"], None, day)
    own = price_for(prices, "model-studio", [None, "mine"], None, day)
    assert (both and both.of, own and own.of) == ("qwen3-14b", "mine")


def test_a_price_of_the_region_goes_before_one_for_all() -> None:
    prices = [price(), price(region="ap-southeast-1", per_1k_tokens="0.01", currency="USD", since="2025-01-01")]
    day = date(2026, 6, 1)
    there = price_for(prices, "model-studio", ["qwen3-14b"], "ap-southeast-1", day)
    here = price_for(prices, "model-studio", ["qwen3-14b"], "cn-beijing", day)
    assert (there and there.currency, here and here.currency) == ("USD", "CNY")


def test_another_provider_or_model_has_no_price() -> None:
    day = date(2026, 6, 1)
    assert price_for([price()], "modelarts", ["qwen3-14b"], None, day) is None
    assert price_for([price()], "model-studio", ["qwen3", None], None, day) is None
    assert price_for([price(region="x")], "model-studio", ["qwen3-14b"], None, day) is None


def test_two_prices_that_begin_on_the_same_day_are_refused_by_place() -> None:
    with pytest.raises(ValueError, match=r"^prices 1 and 3 are both for model-studio qwen3-14b since 2026-01-01; "):
        check_prices([price(), price(since="2026-02-01"), price(per_1k_tokens=1)])


def test_prices_of_other_days_models_or_regions_do_not_overlap() -> None:
    check_prices([price(), price(since="2026-02-01"), price(model="other"), price(region="cn-beijing")])
