"""Our signer and the official one sign every request alike."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.providers.modelarts import signing

pytestmark = pytest.mark.sdk

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12)
PATHS = st.lists(WORDS, max_size=4).map(lambda words: "/" + "/".join(quote(word, safe="") for word in words))
NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,11}", fullmatch=True).filter(
    lambda name: name.lower() not in ("host", "content-type", "authorization", "x-sdk-date", "x-sdk-content-sha256")
)
HEADERS = st.dictionaries(NAMES, WORDS, max_size=4).filter(
    lambda found: len({name.lower() for name in found}) == len(found)
)
TYPES = st.sampled_from([None, "application/json", "application/json;charset=UTF-8", "text/plain", "application/bson"])


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    headers, kind = draw(HEADERS), draw(TYPES)
    return {
        "method": draw(st.sampled_from(["GET", "POST", "PUT", "DELETE"])),
        "host": draw(st.sampled_from(["modelarts.example.test", "127.0.0.1:8080"])),
        "path": draw(PATHS),
        "query": draw(st.lists(st.tuples(WORDS, WORDS), max_size=5)),
        "headers": headers if kind is None else {**headers, "Content-Type": kind},
        "body": base64.b64encode(draw(st.binary(max_size=60))).decode(),
        "date": draw(st.datetimes().map(lambda moment: moment.replace(year=2026).strftime(signing.DATE_FORMAT))),
        "ak": draw(st.text("ABC123", min_size=1, max_size=8)),
        "sk": draw(st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=12)),
    }


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(batch=st.lists(cases(), min_size=1, max_size=20))
def test_both_signers_agree_on_every_request(driver: Any, batch: list[dict[str, Any]]) -> None:
    order = {"op": "sign", "args": {"cases": batch, "ours": str(Path(signing.__file__))}}
    for signed in driver.ask(order)["value"]:
        assert signed["ours"] == signed["official"]
