"""The prices that come with the program: they can be read, say where they are from, and stand behind a person's."""

from __future__ import annotations

import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from monitor.ledger import PriceOptions, price_for
from monitor.providers import registry
from monitor.settings.shipped import all_prices, price_file, shipped_prices

ROOT = Path(__file__).parents[2]
DAY = date(2026, 12, 1)


def find(model: str, region: str | None, day: date = DAY, *own: PriceOptions) -> tuple[Decimal, str] | None:
    found = price_for(all_prices(own), "model-studio", [model], region, day)
    return (found.amount, found.currency) if found is not None else None


def test_every_price_says_where_and_when_it_was_read() -> None:
    prices = shipped_prices()
    assert len(prices) > 30
    for price in prices:
        assert price.provider in registry.kinds()
        assert price.region is not None
        assert price.source.endswith(f"model-training-and-deployment-billing, read {price.since}")


def test_the_price_of_a_model_depends_on_its_region_and_day() -> None:
    assert find("qwen3-14b", "cn-beijing") == (Decimal("0.03"), "CNY")
    assert find("qwen3-14b", "ap-southeast-1") == (Decimal("0.0016"), "USD")
    assert find("qwen3-14b", None) is None, "a region that is not known has no price"
    assert find("qwen3-14b", "cn-beijing", date(2026, 5, 27)) is None, "nobody knows what it cost before"
    assert find("qwen3-vl-8b-instruct", "cn-beijing", date(2026, 11, 19)) == (Decimal("0.015"), "CNY")
    assert find("qwen3-vl-8b-instruct", "cn-beijing") == (Decimal("0.012"), "CNY")


def test_what_a_person_wrote_stands_before_it_whatever_its_day_and_region() -> None:
    mine = PriceOptions.model_validate(
        {"provider": "model-studio", "model": "qwen3-14b", "per_1k_tokens": 1, "currency": "EUR", "since": "2020-01-01"}
    )
    assert find("qwen3-14b", "cn-beijing", DAY, mine) == (Decimal(1), "EUR")
    assert find("qwen3-8b", "cn-beijing", DAY, mine) == (Decimal("0.006"), "CNY")


def test_the_wheel_has_it_where_the_program_looks() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["force-include"]["config/prices.yaml"] == "monitor/prices.yaml"
    assert price_file() == ROOT / "config" / "prices.yaml"


def test_the_installed_file_is_found_first(tmp_path: Path) -> None:
    package = tmp_path / "monitor"
    package.mkdir()
    assert price_file(package) is None
    (package / "prices.yaml").touch()
    assert price_file(package) == package / "prices.yaml"


def test_without_the_file_there_are_no_prices_and_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.settings.shipped.price_file", lambda: None)
    with capture_logs() as logs:
        assert shipped_prices() == ()
    assert [entry["log_level"] for entry in logs] == ["warning"]
