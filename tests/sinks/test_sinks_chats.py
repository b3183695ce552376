"""What Slack, DingTalk, Feishu, WeCom and Teams really receive: long texts, hostile names, signs of every kind."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from monitor.model import Delivery, Notification, Outcome, Reason, Severity, Text
from monitor.rules.message import render
from monitor.sinks.apprise.fitting import PIECES, fitted_body, fitted_title
from tests.kit.messages import NOON, events, receipts

URLS = {
    "slack": "slack://T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
    "dingtalk": "dingtalk://SEC0123456789abcdef0123456789abcdef@0123456789abcdef0123456789abcdef/",
    "feishu": "feishu://01234567-89ab-cdef-0123-456789abcdef",
    "wecom": "wecombot://01234567-89ab-cdef-0123-456789abcdef",
    "teams": "workflows://prod-161.westeurope.logic.azure.com:443/643e69f83c8944438d68119179a10a64/KODuebWbDGYFr0z0eu-6Rj8/",
}
READ: dict[str, Callable[[Any], tuple[str, str]]] = {
    "slack": lambda got: (got["attachments"][0]["title"], got["attachments"][0]["text"]),
    "dingtalk": lambda got: (got["markdown"]["title"], got["markdown"]["text"]),
    "feishu": lambda got: ("", got["content"]["text"]),
    "wecom": lambda got: ("", got["text"]["content"]),
    "teams": lambda got: (_block(got, 0), _block(got, -1)),
}
"""The title and the text, as they stand in the payload."""
WIRE = {"slack": 100_000, "dingtalk": 20_000, "feishu": 20_000, "wecom": 100_000, "teams": 28_000}
"""Bytes of a request that the service takes."""
SIGNS = {"slack": 35_000, "teams": 1000}


def _block(got: Any, place: int) -> str:
    return str(got["attachments"][0]["content"]["body"][place]["text"])


@contextmanager
def weighed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """The bodies of the requests, byte by byte."""
    wire: list[bytes] = []
    real = web.Request.read

    async def read(request: web.Request) -> bytes:
        wire.append(await real(request))
        return wire[-1]

    with monkeypatch.context() as patch:
        patch.setattr(web.Request, "read", read)
        yield wire


async def received(service: str, text: Text) -> list[tuple[str, str]]:
    """Title and text of each message that comes of it."""
    said = Notification(
        id="n", rule="jobs", severity=Severity.WARNING, reason=Reason.NEW, text=text, created_at=NOON, events=()
    )
    got: list[Any] = []
    answer = "ok" if service == "slack" else '{"errcode": 0, "code": 0}'
    made = [Delivery(id="d", sink="t", attempt=1, notification=said)]
    (receipt,) = await receipts(URLS[service], answer=answer, made=made, got=got)
    assert receipt.outcome is Outcome.DELIVERED, receipt
    return [READ[service](each) for each in got]


async def named(service: str, name: str) -> tuple[str, str]:
    """What is received of a job of that name, which failed for a reason that says the same."""
    failed = events()[1]
    data = {**failed.data, "job": {**failed.data["job"], "name": name}, "error": {"code": "X", "message": name}}
    told = replace(failed, data=data)
    text = render([told], rule="jobs", reason=Reason.NEW, severity=told.severity, now=told.detected_at)
    ((title, body),) = await received(service, text)
    return title, body.splitlines()[0] if service in ("slack", "teams") else body.replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("name", "slack", "dingtalk", "feishu", "teams"),
    [
        ("plain_name-3.1", "plain_name-3.1", "plain_name-3.1", "plain_name-3.1", "plain_name-3.1"),
        ("微调 😀 é", "微调 😀 é", "微调 😀 é", "微调 😀 é", "微调 😀 é"),
        ("a\nb\t\r\nc", "a b c", "a b c", "a b c", "a b c"),
        ("x\u202eevil\u200b", "xevil", "xevil", "xevil", "xevil"),
        ("שלום عمل", "שלום عمل", "שלום عمل", "שלום عمل", "שלום عمل"),
        ("👩‍👩‍👧", "👩‍👩‍👧", "👩‍👩‍👧", "👩‍👩‍👧", "👩‍👩‍👧"),
        ("a & b < c >", "a &amp; b &lt; c &gt;", "a &amp; b &lt; c &gt;", "a & b < c >", "a &amp; b &lt; c &gt;"),
        ("<!channel>", "&amp;lt;!channel&gt;", "&lt;!channel&gt;", "＜!channel>", "&lt;!channel&gt;"),
        ("<@U12345>", "&amp;lt;@U12345&gt;", "&lt;@U12345&gt;", "＜@U12345>", "&lt;@U12345&gt;"),
        ("@all @everyone @here", *("＠all ＠everyone ＠here",) * 4),
        (
            '<at user_id="all">x</at>',
            '&lt;at user_id="all"&gt;x&lt;/at&gt;',
            '&lt;at user_id="all"&gt;x&lt;/at&gt;',
            '＜at user_id="all">x＜/at>',
            '&lt;at user_id="all"&gt;x&lt;/at&gt;',
        ),
        ("[x](http://e)", "[x](http://e)", r"\[x\](http://e)", "[x] (http://e)", r"\[x\](http://e)"),
        ("*b* `c` ~s~", "∗b∗ ˋcˋ ∼s∼", r"\*b\* \`c\` \~s\~", "*b* `c` ~s~", r"\*b\* \`c\` \~s\~"),
        ("_i_", "ˍiˍ", r"\_i\_", "_i_", r"\_i\_"),
        ("{{7*7}} ${HOME} %00 :smile:", *("{{7∗7}} ${HOME} %00 :smile:", r"{{7\*7}} ${HOME} %00 :smile:"),
         "{{7*7}} ${HOME} %00 :smile:", r"{{7\*7}} ${HOME} %00 :smile:"),
    ],
)  # fmt: skip
async def test_a_name_is_read_as_it_is_and_means_nothing(
    name: str, slack: str, dingtalk: str, feishu: str, teams: str
) -> None:
    """A title is plain on Slack and Markdown on Teams; DingTalk has it a second time, as a heading."""
    expected = {"slack": slack, "dingtalk": dingtalk, "feishu": feishu, "wecom": feishu, "teams": teams}
    for service, words in expected.items():
        title, body = await named(service, name)
        assert f"X: {words}" in body, service
        if service != "slack":
            assert f"“{words}”" in (title or body), service
        assert not any(call in title + body for call in ("<!", "<@", "<at", "@all")), service


async def test_a_title_on_slack_is_plain_and_calls_nobody() -> None:
    title, _ = await named("slack", "*b* <!channel> [x](http://e) &")
    assert "“*b* &lt;!channel&gt; [x](http://e) &amp;”" in title


LINES = {
    "chinese": [f"- 任务“微调-{number}” 失败：显存不足，请调小批量。第{number}行" for number in range(250)],
    "emoji": [f"- 😀👩‍👩‍👧 job {number} failed, line {number}" for number in range(250)],
    "english": [f"- job {number} failed with a reason, line {number}" for number in range(250)],
}


@pytest.mark.parametrize("written", LINES)
@pytest.mark.parametrize("service", URLS)
async def test_a_long_text_arrives_whole_in_pieces_that_the_service_takes(
    service: str, written: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = "\n".join(LINES[written])
    with weighed(monkeypatch) as wire:
        pieces = await received(service, Text(title="一个标题 " * 20, plain=plain, markdown=plain))
    assert max(len(each) for each in wire) <= WIRE[service]
    assert max(len(body) for _, body in pieces) <= SIGNS.get(service, 20_000)
    assert service != "wecom" or max(len(body.encode()) for _, body in pieces) <= 2048
    found = [line for _, body in pieces for line in body.splitlines()]
    assert [line.strip() for line in LINES[written] if line.strip() not in map(str.strip, found)] == []
    assert json.loads(wire[0])


@pytest.mark.parametrize("service", URLS)
async def test_a_word_without_end_is_cut_where_it_must_be_and_nothing_of_it_is_lost(service: str) -> None:
    pieces = await received(service, Text(title="t", plain="微" * 9000, markdown="微" * 9000))
    assert sum(body.count("微") for _, body in pieces) == 9000


@pytest.mark.parametrize("service", ["wecom", "teams"])
async def test_a_text_of_any_length_ends_and_says_how_much_is_left(service: str) -> None:
    lines = [f"- job {number} failed with a reason" for number in range(5_000)]
    pieces = await received(service, Text(title="t", plain="\n".join(lines), markdown="\n".join(lines)))
    assert 1 < len(pieces) <= PIECES
    last = [line for _, body in pieces[-2:] for line in body.splitlines()]
    shown = sum(body.count(" failed with") for _, body in pieces)
    assert last[-1] == f"… and {5_000 - shown} more lines"
    assert last[-2] == f"- job {shown - 1} failed with a reason"


@pytest.mark.parametrize("service", ["slack", "dingtalk", "teams"])
async def test_a_title_that_is_too_long_is_cut_with_a_sign_and_stands_whole_in_the_text(service: str) -> None:
    ((title, body),) = await received(service, Text(title="标题 " * 100 + "end", plain="p", markdown="p"))
    assert title.endswith("…")
    assert len(title) <= 250
    assert " ".join(("标题 " * 100 + "end").split()) in body
    assert body.endswith("p")


@pytest.mark.parametrize(
    ("body", "longest", "made"),
    [
        ("short", 10, "short"),
        ("\n".join("x" * 9 for _ in range(18)), 10, "\n".join("x" * 9 for _ in range(18))),
        ("\n".join(["abcdefgh"] * 100), 10, "\n".join(["abcdefgh"] * 17) + "\n… and 83 more lines"),
        ("x" * 1000, 10, "x" * 144 + " … and more"),
        ("x" * 1000 + "\ny\nz", 10, "x" * 144 + " … and more\n… and 2 more lines"),
    ],
)  # fmt: skip
def test_where_a_text_is_cut(body: str, longest: int, made: str) -> None:
    assert fitted_body(body, longest, 0) == made


def test_a_title_that_fits_stays_where_it_is() -> None:
    assert fitted_title("t" * 250, "body", 250, "said") == ("t" * 250, "body")
    assert fitted_title("t" * 999, "body", 0, "said") == ("t" * 999, "body")
    assert fitted_title("t" * 251, "body", 250, "said") == ("t" * 249 + "…", "said\n\nbody")
