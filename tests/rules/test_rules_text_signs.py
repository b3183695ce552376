"""Of all signs that Unicode has, none takes a line of a message apart or covers the lines around."""

from __future__ import annotations

import unicodedata

from monitor.rules.message.clean import one_line


def test_every_control_sign_and_every_odd_space_is_a_space_and_half_a_sign_is_replaced() -> None:
    odd = {sign: unicodedata.category(sign) for sign in map(chr, range(0x10000)) if not sign.isprintable()}
    blank = [sign for sign, category in odd.items() if category in ("Cc", "Zl", "Zp", "Zs")]
    assert {one_line(f"a{sign}b", 9) for sign in blank} == {"a b"}
    assert {one_line(f"a{sign}b", 9) for sign, category in odd.items() if category == "Cs"} == {"a\ufffdb"}


def test_no_more_than_four_combining_signs_stay_in_a_row() -> None:
    piled = [sign for sign in map(chr, range(0x20000)) if unicodedata.combining(sign)]
    assert len(piled) > 800
    assert [sign for sign in piled if one_line(f"中{sign * 9}a{sign * 4}", 99) != f"中{sign * 4}a{sign * 4}"] == []
