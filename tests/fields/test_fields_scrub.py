"""One set of patterns finds secrets in the log and in what platforms write."""

from __future__ import annotations

import time

import pytest

from monitor.fields.scrub import hide
from monitor.providers.model_studio.scrub import scrub as of_model_studio
from monitor.providers.modelarts.scrub import scrub as of_modelarts
from monitor.telemetry.redact import redact_text

SECRET = "Hunter2Hunter2"
LEAKS = [
    f"https://ann:{SECRET}@example.org/a",
    f"postgresql://ann:p@{SECRET}@db/x",
    f"https://example.org/a?sign={SECRET}",
    f"https://example.org/a#{SECRET}",
    f"链接https://ann:{SECRET}@example.org",
    f"Authorization: Bearer {SECRET}.x",
    f"authorization={SECRET}",
    f"Authorization: SDK-HMAC-SHA256 Access=AK, SignedHeaders=host, Signature={SECRET}",
    f"Basic {SECRET}==",
    f"password={SECRET}",
    f'{{"api_key": "{SECRET}"}}',
    f"api key: {SECRET}",
    f"access key id = {SECRET}",
    f"AWS_SECRET_ACCESS_KEY={SECRET}",
    f"x-oss-security-token={SECRET}",
    f"密码：{SECRET}",
    f"令牌: {SECRET}",
    f"key sk-{SECRET} refused",
    f"密钥sk-{SECRET}无效",
    f"LTAI{SECRET}",
    f"whsec_{SECRET}=",
    f"ghp_{SECRET}99",
    f"hf_{SECRET}",
    f"xoxb-1-{SECRET}",
    f"eyJhbGciOi.{SECRET}.{SECRET}",
]


@pytest.mark.parametrize("text", LEAKS)
def test_no_door_lets_a_secret_through_that_another_holds_back(text: str) -> None:
    for scrubbed in (hide(text), redact_text(text), of_model_studio(text), of_modelarts(text, limit=500)):
        assert SECRET not in scrubbed


@pytest.mark.parametrize("text", ["password: 123456", "pwd=12345678", "secret = 1"])
def test_a_password_of_digits_is_one(text: str) -> None:
    assert hide(text).endswith("***")


@pytest.mark.parametrize(
    "text",
    [
        "max token: 8192 exceeded, max_tokens=4096",
        "1234 tokens: 7",
        "basic checks failed",
        "https://example.org/a/b is not there",
        "event 0123456789abcdef0123456789abcdef",
        "task-1234 and risk-averse",
        "mail ann@example.org",
    ],
)
def test_what_is_not_secret_stays(text: str) -> None:
    assert hide(text) == redact_text(text) == text


def test_a_url_says_where_it_lost_something_where_that_is_wanted() -> None:
    text = "at https://ann:x@h/a?b=c and https://h/d"
    assert hide(text) == "at https://h/a and https://h/d"
    assert hide(text, marked=True) == "at https://***@h/a?*** and https://h/d"


@pytest.mark.parametrize(
    "piece", ["token", "a://", "bearer ", "basic ", "secret = ", 'token="', "sk-", "a.", "@", "a:b@", "eyJ", "- "]
)
def test_no_text_takes_long(piece: str) -> None:
    begun = time.process_time()
    hide(piece * (100_000 // len(piece)))
    assert time.process_time() - begun < 2.0
