"""A condition is taken apart where people would take it apart, and never inside a text or a bracket."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.rules.expression.parts import Part, parts_of


def drawn(part: Part) -> object:
    return part.text if not part.sign else (part.sign, *(drawn(each) for each in part.parts))


@pytest.mark.parametrize(
    ("source", "parts"),
    [
        ("a", "a"),
        (" (a) ", "a"),
        ("a && b", ("&&", "a", "b")),
        ("a && b || c", ("||", ("&&", "a", "b"), "c")),
        ("a && (b || c) && d", ("&&", "a", ("||", "b", "c"), "d")),
        ("(a) || (b)", ("||", "a", "b")),
        ("!(a && b)", ("!", ("&&", "a", "b"))),
        ("!a && b", ("&&", "!a", "b")),
        ("!(a) == b", "!(a) == b"),
        ("a == 'x && y' && b", ("&&", "a == 'x && y'", "b")),
        ('a == "\\" || " || b', ("||", 'a == "\\" || "', "b")),
        ("a == '''x' || ''' || b", ("||", "a == '''x' || '''", "b")),
        (r"a.matches(r'\') || b", ("||", r"a.matches(r'\')", "b")),
        ("a.exists(x, x && y) || b", ("||", "a.exists(x, x && y)", "b")),
        ("m['a || b'] || [a && b]", ("||", "m['a || b']", "[a && b]")),
        ("a ? b && c : d || e", "a ? b && c : d || e"),
        ("a // b || c\n&& d", ("&&", "a // b || c", "d")),
        ("a &&", "a &&"),
        ("", ""),
    ],
)
def test_the_outer_signs_cut(source: str, parts: object) -> None:
    assert drawn(parts_of(source)) == parts


@given(st.text(alphabet="ab!&|()'\"\\? .r/\n", max_size=30))
def test_whatever_stands_there_has_parts(source: str) -> None:
    assert isinstance(parts_of(source), Part)
