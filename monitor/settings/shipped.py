"""Reads the prices that come with the program; they stand behind those of the config file."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

import structlog

from monitor.ledger import PriceOptions, ShippedPrice, check_prices
from monitor.settings.document import read_document
from monitor.settings.source import read_text

_log = structlog.get_logger("settings")


def price_file(package: Path = Path(__file__).parents[1]) -> Path | None:
    """Inside the installed package, or in a checkout's `config/`; None where it is missing."""
    places = (package / "prices.yaml", package.parent / "config" / "prices.yaml")
    return next((file for file in places if file.is_file()), None)


def shipped_prices(file: Path | None = None) -> tuple[ShippedPrice, ...]:
    """Some 20 ms the first time: to be called when prices are needed. Without the file there are none, and a warning
    says so."""
    file = file or price_file()
    if file is None:
        _log.warning("the prices that come with the program are missing; install it again, or write your own")
        return ()
    return _read(file)


@cache
def _read(file: Path) -> tuple[ShippedPrice, ...]:
    """Once for a process: the file comes with the program."""
    document = read_document(str(file), read_text(file), needs=("prices",))
    prices = tuple(ShippedPrice.model_validate(entry) for entry in document.data["prices"])
    check_prices(prices)
    return prices


def all_prices(own: Iterable[PriceOptions]) -> tuple[PriceOptions, ...]:
    """What the config file says, and what is shipped."""
    return (*own, *shipped_prices())
