"""Prices and bookings: what the tokens of a job, or the hours of its nodes, cost. Pure: no I/O, no clock, no
database."""

from monitor.ledger.booking import Booking, book
from monitor.ledger.estimate import Basis, Estimate, estimate
from monitor.ledger.options import PriceOptions, ShippedPrice, check_prices
from monitor.ledger.prices import Price, price_for, price_of_hours

__all__ = [
    "Basis",
    "Booking",
    "Estimate",
    "Price",
    "PriceOptions",
    "ShippedPrice",
    "book",
    "check_prices",
    "estimate",
    "price_for",
    "price_of_hours",
]
