"""Our signer and the official one sign every request alike."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from string import ascii_letters, digits
from typing import Any
from unicodedata import category
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings

from monitor.providers.modelarts import signing
from tests.kit.dice import DICE, text

pytestmark = pytest.mark.sdk

LETTERS = ascii_letters + digits + "_-"
OURS = ("host", "content-type", "authorization", "x-sdk-date", "x-sdk-content-sha256")
TYPES = (None, "application/json", "application/json;charset=UTF-8", "text/plain", "application/bson")


def word(dice: Random) -> str:
    return "".join(sign for sign in text(dice, 12) if category(sign) != "Cc")


def headers(dice: Random) -> dict[str, str]:
    """No name twice, however it is written, and none of those that the signers set."""
    names = ["".join((dice.choice(ascii_letters), *dice.choices(LETTERS, k=dice.randint(0, 11)))) for _ in range(4)]
    names = [name for name in {name.lower(): name for name in names}.values() if name.lower() not in OURS]
    found = {name: word(dice) for name in names[: dice.randint(0, 4)]}
    kind = dice.choice(TYPES)
    return found if kind is None else {**found, "Content-Type": kind}


def case(dice: Random) -> dict[str, Any]:
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=dice.randrange(365 * 86400))
    return {
        "method": dice.choice(("GET", "POST", "PUT", "DELETE")),
        "host": dice.choice(("modelarts.example.test", "127.0.0.1:8080")),
        "path": "/" + "/".join(quote(word(dice), safe="") for _ in range(dice.randint(0, 4))),
        "query": [(word(dice), word(dice)) for _ in range(dice.randint(0, 5))],
        "headers": headers(dice),
        "body": base64.b64encode(dice.randbytes(dice.randint(0, 60))).decode(),
        "date": moment.strftime(signing.DATE_FORMAT),
        "ak": "".join(dice.choices("ABC123", k=dice.randint(1, 8))),
        "sk": text(dice, 12) or "k",
    }


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(DICE)
def test_both_signers_agree_on_every_request(driver: Any, dice: Random) -> None:
    order = {"op": "sign", "args": {"cases": [case(dice) for _ in range(20)], "ours": str(Path(signing.__file__))}}
    for signed in driver.ask(order)["value"]:
        assert signed["ours"] == signed["official"]
