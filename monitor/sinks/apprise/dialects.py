"""The services that refuse with HTTP 200 and a code in the body, of which Apprise reads the status alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

BUSY = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one service answers, and what its messages may hold."""

    codes: tuple[str, ...]
    """Where the body holds a code, 0 for taken; a dot leads into an object."""
    words: tuple[str, ...]
    """Where it says in words what is wrong."""
    later: frozenset[int] = frozenset()
    """Codes that pass by themselves: too many messages, a service that is busy."""
    pause: float = 60.0
    """Seconds to wait after such a code; after -1 (busy) `BUSY`, where that is less."""
    max_bytes: int | None = None
    """Of a message's text in UTF-8, where Apprise counts characters."""
    escaped: bool = False
    """`max_bytes` counts the request as it is sent: JSON in ASCII, where a Chinese character is six bytes."""


_FEISHU = Dialect(
    codes=("code", "StatusCode"),
    words=("msg", "StatusMessage"),
    later=frozenset({2200, 11232}),
    max_bytes=19_900,
    escaped=True,
)
DIALECTS: Mapping[str, Dialect] = {
    # 1111 ({"status": 1111, "punish": "deny"}) comes from the wall before DingTalk, which stops floods. Who sends too
    # much is shut out for ten minutes.
    "dingtalk": Dialect(
        codes=("errcode", "status"),
        words=("errmsg", "punish"),
        later=frozenset({-1, 1111, 90030, 130101, 410100, 660026}),
        pause=600.0,
        max_bytes=19_500,
        escaped=True,
    ),
    "feishu": _FEISHU,
    "lark": _FEISHU,
    "wecombot": Dialect(codes=("errcode",), words=("errmsg",), later=frozenset({-1, 45009, 45033}), max_bytes=2048),
    "pushdeer": Dialect(codes=("code",), words=("error", "message")),
    "qq": Dialect(codes=("code",), words=("reason",)),
    "serverchan": Dialect(codes=("code",), words=("message",)),
    "synology": Dialect(codes=("error.code",), words=("error.errors",), later=frozenset({117, 411}), pause=10.0),
}
"""By the module of the plugin."""


_WITHOUT_ENTITIES = frozenset({"slack", "telegram", "discord"})
_SIGNS: Mapping[str, str] = {"&lt;": "\\<", "&gt;": "\\>", "&amp;": "&"}
_HEADED = frozenset({"dingtalk", "workflows"})
_FINDING = frozenset({"feishu", "lark", "wecombot"})
_TAG = re.compile(r"<(?=[A-Za-z/@!])")
_ALIKE: Mapping[str, str] = {"\\*": "∗", "\\_": "ˍ", "\\~": "∼", "\\`": "ˋ"}
"""Slack shows a backslash before them as it stands, and has no other way to write them."""
_ENTITY_OR_NOT = re.compile(r"\\.|```.*?```|`[^`\n]+`|&lt;(?![@#!])|&gt;|&amp;", re.DOTALL)
"""Escaped signs and code are passed by: nothing is an entity in them."""


def dialect_of(plugin: object) -> Dialect | None:
    """None where Apprise finds a refusal by itself, or nothing is known."""
    return DIALECTS.get(type(plugin).__module__.rpartition(".")[2])


def in_dialect(markdown: str, plugin: object) -> str:
    """Our Markdown as the service reads it: some show `&lt;` as it stands, and take a backslash for it. What looks like
    a mention stays written out, for there a backslash may not be enough."""
    service = type(plugin).__module__.rpartition(".")[2]
    if service not in _WITHOUT_ENTITIES:
        return markdown
    alike = _ALIKE if service == "slack" else {}
    signs = {**_SIGNS, **alike}
    return _ENTITY_OR_NOT.sub(lambda found: signs.get(found[0], found[0]), markdown)


def in_words(plain: str, plugin: object) -> str:
    """Plain text for services that find mentions and links in it: a name must neither call everybody nor hide where a
    link leads."""
    if type(plugin).__module__.rpartition(".")[2] not in _FINDING:
        return plain
    return _TAG.sub("＜", plain).replace("](", "] (")


def has_heading(plugin: object) -> bool:
    """Whether the service reads the title as Markdown."""
    return type(plugin).__module__.rpartition(".")[2] in _HEADED
