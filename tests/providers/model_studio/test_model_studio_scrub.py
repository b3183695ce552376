"""Texts of the platform lose what may be secret and keep what a person needs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.providers.model_studio.scrub import scrub


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (
            "Download of https://u:p@oss.aliyuncs.com/b/f.jsonl?OSSAccessKeyId=LTAI5tABCDEFGH&Signature=a%3D failed",
            "Download of https://oss.aliyuncs.com/b/f.jsonl failed",
        ),
        ("cannot mount oss://bucket/a/b?token=1#x", "cannot mount oss://bucket/a/b"),
        ("Authorization: Bearer abc.def refused", "Authorization: Bearer *** refused"),
        ("key sk-abcdef123456 is bad", "key *** is bad"),
        ("密钥sk-abcdefgh无效，密码：hunter2", "密钥***，密码：***"),
        ('{"api_key":"zzz","x":1}', '{"api_key":***,"x":1}'),
        ("password='hunter 2' is wrong", "password=*** is wrong"),
        ("x-oss-security-token=CAIS", "x-oss-security-token=***"),
        ("secret_access_key = zz, region = cn", "secret_access_key = ***, region = cn"),
        ("id eyJhbGciOiJIUzI1NiJ9.eyJzdWIi.c2ln", "id ***"),
        ("LTAI5tABCDEFGHJK was used", "*** was used"),
        ("digest d41d8cd98f00b204e9800998ecf8427e", "digest ***"),
    ],
)
def test_secrets_are_hidden(said: str, kept: str) -> None:
    assert scrub(said) == kept


@pytest.mark.parametrize(
    "text",
    [
        "数据集校验失败：第 17 行不是合法的 JSON，请检查后重新上传",
        "max token: 8192 exceeded, max_tokens=4096",
        "job ft-202611201530-ab12 made qwen3-14b-ft-202611201530-ab12",
        "request 123e4567-e89b-12d3-a456-426614174000",
        "basic checks failed",
    ],
)
def test_harmless_texts_stay_as_they_are(text: str) -> None:
    assert scrub(text) == text


def test_control_and_direction_characters_become_spaces_on_one_line() -> None:
    assert scrub("a\x00b\r\nc\u202ed\x1b[31m") == "a b c d [31m"


def test_a_long_text_ends_with_an_ellipsis() -> None:
    assert scrub("ab " * 1000, 50) == ("ab " * 1000)[:49] + "…"


@given(st.text(), st.text(alphabet="abcdefXYZ0123456789", min_size=8, max_size=30), st.text())
def test_no_key_survives_wherever_it_stands(before: str, secret: str, after: str) -> None:
    assert f"sk-{secret}" not in scrub(f"{before} sk-{secret} {after}")
