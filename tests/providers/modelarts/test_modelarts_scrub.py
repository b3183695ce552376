"""What is taken out of the platform's own texts, and what is left to be read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.providers.modelarts.scrub import scrub

LEAKS = [
    ("password=hunter22", "hunter22"),
    ('{"api_key": "abc-def"}', "abc-def"),
    ("python train.py --hf-token abc123 --lr 1", "abc123"),
    ("export AWS_SECRET_ACCESS_KEY=abc/def+123", "abc/def"),
    ("Authorization: Bearer eyJhbGciOi.eyJzdWIiOi.sig-nature", "eyJ"),
    ("GET https://obs.example.test/b/k?AccessKeyId=X&Signature=s%2Bs failed", "s%2Bs"),
    ("git clone https://bob:pa55@git.example.test/r.git", "pa55"),
    ("ak: ABC123 sk= DEF456", "ABC123"),
    ("ak HPUAABCDEFGH1234 not exist", "HPUAABCDEFGH1234"),
    ("key sk-proj-aaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaa"),
    ("login hf_AbCdEfGhIjKlMnOp1234", "AbCdEfGh"),
    ("found ABCDEFGHIJKLMNO12345 in env", "ABCDEFGHIJKLMNO12345"),
    ("found aB3dEfGhIjKlMnOpQrStUvWxYz0123456789abcd in env", "aB3dEfGhIj"),
    ("digest 0123456789abcdef0123456789abcdef", "0123456789abcdef"),
]


@pytest.mark.parametrize(("text", "secret"), LEAKS)
def test_what_looks_like_a_secret_is_taken_out(text: str, secret: str) -> None:
    scrubbed = scrub(text, limit=500)
    assert secret not in scrubbed
    assert "***" in scrubbed


@pytest.mark.parametrize(
    "text",
    [
        "RuntimeError: NPU out of memory. Tried to allocate 20.00 MiB",
        "worker-0 exited with code 137",
        "torch.distributed.elastic.multiprocessing.errors.ChildFailedError",
        "/home/ma-user/modelarts/user-job-dir/code/train.py line 10",
        "job 1a2b3c4d-0000-4000-8000-1234567890ab was rescheduled",
        "flavor modelarts.vm.npu.8ascend is sold out in cn-north-7a",
    ],
)
def test_what_people_need_to_read_stays(text: str) -> None:
    assert scrub(text, limit=500) == text


def test_the_known_secrets_go_whatever_they_look_like() -> None:
    assert scrub("the word is plain", limit=99, known=["plain"]) == "the word is ***"


def test_a_text_is_one_line_and_bounded() -> None:
    assert scrub("a\nb\x00\tc\u2028d", limit=99) == "a b c d"
    assert len(scrub("word " * 1000, limit=200)) <= 200
    assert scrub("x" * 5000, limit=10) == ""


@given(st.text(max_size=3000), st.text(alphabet="abcXYZ019-_", min_size=8, max_size=30))
def test_a_known_secret_never_comes_through(text: str, secret: str) -> None:
    for mixed in (text + secret, secret + text, text[: len(text) // 2] + secret + text[len(text) // 2 :]):
        assert secret not in scrub(mixed, limit=5000, known=[secret])


@given(st.text(alphabet="a1-_.:=/ ", max_size=4000))
def test_no_text_takes_long(text: str) -> None:
    scrub(text, limit=300)
