"""Hostile values and how to put them everywhere: into each leaf of a document, and anywhere into bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

from tests.fuzz.planted import SECRETS

VALUES: tuple[bytes, ...] = (
    b"null", b"true", b"0", b"-1", b"-0.0", b"1e999", b"-1e999", b"1e-999", b"NaN", b"Infinity", b"9" * 4299,
    b"9223372036854775808", b"18446744073709551616", b"253402300800000", b"1" * 20_000, b"0." + b"3" * 5_000, b'""',
    b'"\\ud800"', b'"\\udc00\\ud800"', b'"\\u0000"', b'"a\\u0000b"', b'"\\u202e\\u2066"', b'"\\u001b[31m\\u0007"',
    b'"\\r\\n\\r\\nX: y"', b'"=cmd|\' /C calc\'!A0"', b'"<img src=x onerror=alert(1)>"',
    b'"[a](javascript:alert(1))"',
    b'"{{ 7*7 }}{% raw %}"', b'"${env:HOME}"', b'"\xff\xfe"', b'"' + b"a" * 30_000 + b'"',
    b'"' + "\u00e9".encode() * 999 + b'"',
    b'".."', b'"../../etc/passwd"', b"[]", b"{}", b"[[]]", b'{"":{}}', b"[" * 30_000, b'{"a":' * 9_000,
    b"[" * 900 + b"]" * 900,
    b'{"a":1,"a":2}', b'"2026-02-30T25:61:61Z"', b'"0000-00-00"', b'"9999-12-31T23:59:59-23:59"',
    b'"0001-01-01T00:00:00+23:59"',
    *(json.dumps(secret).encode() for secret in SECRETS),
)  # fmt: skip
"""As JSON would have them, some of which it would not."""
_MARK = "\ue000hostile\ue000"


def misfit(document: Any, random: Random) -> bytes:
    """The document with a hostile value in the place of one of its values, or of the whole."""
    made = _with(document, random.choice(list(_places(document, ()))))
    before, _, after = json.dumps(made, ensure_ascii=False).partition(f'"{_MARK}"')
    return before.encode() + random.choice(VALUES) + after.encode()


def _places(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from _places(inner, (*path, key))


def _with(value: Any, path: tuple[Any, ...]) -> Any:
    if not path:
        return _MARK
    made = value.copy()
    made[path[0]] = _with(value[path[0]], path[1:])
    return made


def mutated(seed: bytes, words: Sequence[bytes], random: Random, other: bytes) -> bytes:
    """The seed after some of what hostile or broken senders do: cuts, repeats, swaps, other words, flipped bits."""
    data = bytearray(seed)
    for _ in range(random.choice((1, 1, 2, 3, 5, 8))):
        at, end = sorted((random.randint(0, len(data)), random.randint(0, len(data))))
        end = min(end, at + random.choice((1, 4, 16, 64)))
        match random.randrange(7):
            case 0:
                data[at:end] = random.choice(words) if words else b""
            case 1:
                data[at:at] = random.choice(words) if words else b"\0"
            case 2:
                del data[at:end]
            case 3:
                data[at:at] = data[at:end] * random.choice((1, 2, 30))
            case 4 if at < len(data):
                data[at] = random.randrange(256)
            case 5:
                start = random.randint(0, len(other))
                data[at:end] = other[start : start + random.choice((1, 8, 40))]
            case _:
                del data[at + 1 :]
    return bytes(data)
