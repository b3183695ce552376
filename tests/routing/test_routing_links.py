"""Signed links: who has one may answer that message, and nobody else can make one."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.model import Reason, Severity, Text
from monitor.routing.decide import notification
from monitor.routing.links import LIFE, BadLink, LinkExpired, Links, read, sign
from monitor.rules import Notify
from tests.kit.made import NOON

KEY, OTHER = b"k" * 32, b"o" * 32
ID = "0123456789abcdef0123456789abcdef"


def effect(**changes: object) -> Notify:
    plain = {
        "rule": "stuck",
        "severity": Severity.WARNING,
        "reason": Reason.NEW,
        "text": Text(title="t", plain="Rule: stuck", markdown="**Rule:** stuck"),
        "events": (),
        "sinks": ("slack",),
        "at": NOON,
        "answerable": True,
    }
    return Notify(**{**plain, **changes})


def test_a_token_stands_for_its_notification_until_it_ends() -> None:
    token = sign(KEY, ID, NOON + LIFE)
    assert read(KEY, token, NOON) == read(KEY, token, NOON + LIFE - timedelta(seconds=1)) == ID
    with pytest.raises(LinkExpired) as found:
        read(KEY, token, NOON + LIFE)
    assert (found.value.notification, found.value.until) == (ID, NOON + LIFE)


def test_another_key_opens_nothing() -> None:
    with pytest.raises(BadLink):
        read(OTHER, sign(KEY, ID, NOON + LIFE), NOON)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_token_that_was_touched_is_none(data: st.DataObject) -> None:
    token = sign(KEY, ID, NOON + LIFE)
    place = data.draw(st.integers(0, len(token) - 1))
    sign_ = data.draw(st.sampled_from([*"AZaz09-_=.+/ \n\u0417", ""]))
    touched = token[:place] + sign_ + token[place + 1 :]
    if touched != token:
        with pytest.raises(BadLink):
            read(KEY, touched, NOON)


@pytest.mark.parametrize("token", ["", "A", "AAAA", "A" * 43, "=" * 60, "\u00e9" * 60, "A" * 100_000])
def test_what_is_no_token_is_none(token: str) -> None:
    with pytest.raises(BadLink):
        read(KEY, token, NOON)


def test_a_proof_is_of_this_purpose_only() -> None:
    import hashlib
    import hmac

    payload = int((NOON + LIFE).timestamp()).to_bytes(5, "big") + ID.encode()
    bare = base64.urlsafe_b64encode(payload + hmac.new(KEY, payload, hashlib.sha256).digest()).decode().rstrip("=")
    with pytest.raises(BadLink):
        read(KEY, bare, NOON)


def test_only_a_message_that_somebody_may_answer_has_a_link() -> None:
    links = Links(KEY, "https://monitor.example.org")
    told = notification(effect(), "e", NOON, links)
    first, last = told.text.plain.split("\n")
    assert first == "Rule: stuck"
    assert last.startswith("Acknowledge or snooze: https://monitor.example.org/answer/")
    assert read(KEY, last.rpartition("/")[2], NOON) == told.id
    assert told.text.markdown.endswith(f"\n\n[Acknowledge or snooze]({last.partition(': ')[2]})")
    for silent, made in ((effect(answerable=False), links), (effect(shadow=True), links), (effect(), None)):
        assert "/answer/" not in notification(silent, "e", NOON, made).text.plain
    assert "kkkk" not in repr(links)
