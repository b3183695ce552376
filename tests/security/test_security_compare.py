"""What proves who asks is compared by digests of one length, in constant time: how far a guess is right shows not."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from contextlib import suppress

import pytest

from monitor.fields import Secret
from monitor.routing.links import LIFE, BadLink, read, sign
from monitor.web.session import Sessions
from tests.kit.made import NOON

TOKEN = "a-token-of-24-characters"
KEY = b"k" * 32
LINK = sign(KEY, "0123456789abcdef0123456789abcdef", NOON + LIFE)
GUESSES = ["", "a", TOKEN[:-1], TOKEN[:-1] + "x", "x" + TOKEN[1:], TOKEN + "x", "x" * 4000, TOKEN]


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The lengths of whatever is compared, which goes on as it does."""
    lengths: list[tuple[int, int]] = []
    real: Callable[[bytes, bytes], bool] = hmac.compare_digest

    def spy(one: bytes, other: bytes) -> bool:
        lengths.append((len(one), len(other)))
        return real(one, other)

    monkeypatch.setattr(hmac, "compare_digest", spy)
    return lengths


@pytest.mark.parametrize("guess", GUESSES, ids=range(len(GUESSES)))
def test_a_token_is_compared_by_digests(guess: str, compared: list[tuple[int, int]]) -> None:
    assert Sessions().is_token(guess, Secret(TOKEN)) == (guess == TOKEN)
    assert compared == [(32, 32)], "neither the length nor the beginning of the token is in it"


def test_a_session_is_compared_once_whatever_is_wrong_with_it(compared: list[tuple[int, int]]) -> None:
    sessions, token = Sessions(), Secret(TOKEN)
    cookie = sessions.open(token)
    for forged in (cookie[:-1] + "x", "9" + cookie[1:], cookie[: cookie.index(".") + 1] + "0" * 64):
        compared.clear()
        assert sessions.holds(forged, token) == (forged == cookie)
        assert compared == [(64, 64)]


@pytest.mark.parametrize("place", [0, 5, 40, -30, -1])
def test_a_link_is_compared_once_whatever_is_wrong_with_it(place: int, compared: list[tuple[int, int]]) -> None:
    wrong = "B" if LINK[place] != "B" else "C"
    with suppress(BadLink):
        read(KEY, LINK[:place] + wrong + (LINK[place + 1 :] if place != -1 else ""), NOON)
        raise AssertionError("somebody made a link")
    assert compared == [(32, 32)]
