"""Prices and bookings: what the tokens of a job cost. Pure: no I/O, no clock, no database."""

from monitor.ledger.booking import Booking, book
from monitor.ledger.options import PriceOptions, check_prices
from monitor.ledger.prices import Price, price_for

__all__ = ["Booking", "Price", "PriceOptions", "book", "check_prices", "price_for"]
