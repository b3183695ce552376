"""All filters have one manner: what is absent is the empty text, what is of the wrong kind a mistake."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.model import EventType, Text
from monitor.rules.filters import FILTERS
from monitor.rules.samples import sample
from monitor.rules.sandbox import environment
from monitor.rules.template import TemplateMistake, Templates
from monitor.rules.view import view

TEMPLATES = Templates()
NOTHING = Text(title="", plain="", markdown="")
AT = datetime(2026, 1, 31, 12, 45, tzinfo=UTC)
FAR = datetime(9999, 12, 31, 23, 59, tzinfo=UTC)
JINJAS = sorted(name for name in environment(str).filters if not name.startswith("@") and name not in FILTERS)
DOCS = Path(__file__, "../../../docs/rules.md").resolve().read_text(encoding="utf-8")


def render(body: str, value: Any = None) -> str:
    values = view(sample(EventType.JOB_FINISHED))
    return TEMPLATES.compile(body=body).render({**values, "job": {**values["job"], "tokens": value}}, NOTHING).plain


@pytest.mark.parametrize(
    ("filter", "value", "text"),
    [
        ("duration", 0, "0 s"),
        ("duration", 0.4, "0 s"),
        ("duration", 7500.0, "2 h 5 min"),
        ("duration", -7500.0, "-2 h 5 min"),
        ("duration", timedelta(minutes=5), "5 min"),
        ("duration", timedelta(minutes=-5), "-5 min"),
        ("duration", 1e300, "more than 10,000 years"),
        ("duration", "90", "1 min 30 s"),
        ("number", 0, "0"),
        ("number", -1234567, "-1,234,567"),
        ("number", 8.0, "8"),
        ("number", 0.1 + 0.2, "0.3"),
        ("number", 1e-9, "0"),
        ("number", 0.00042, "0.00042"),
        ("number", 1000, "1,000"),
        ("number", -1e-9, "0"),
        ("number", 2**63, "9,223,372,036,854,775,808"),
        ("number", 10**60, "very many"),
        ("number", "1234", "1,234"),
        ("money('CNY')", 0, "0.00 CNY"),
        ("money('CNY')", -3.5, "-3.50 CNY"),
        ("money('CNY')", "0.000012", "0.000012 CNY"),
        ("money('CNY')", 10**60, "very many CNY"),
        ("money", "12.5", "12.50"),
        ("money(None)", "12.5", "12.50"),
        ("money(job.error.nothing)", "1", None),
        ("size", 0, "0 B"),
        ("size", -1536, "-1.5 KiB"),
        ("size", 10**21, "867 EiB"),
        ("size", 10**60, "very many"),
        ("size", "2048", "2.0 KiB"),
        ("local", AT, "2026-01-31 12:45 UTC"),
        ("local('Asia/Shanghai')", AT, "2026-01-31 20:45 +08:00"),
        ("local('Asia/Shanghai', '%H:%M')", AT, "20:45"),
        ("local('Asia/Shanghai')", FAR, None),
        ("default('x')", 0, "0"),
        ("default('x')", "", "x"),
        ("default('x', true)", 0, "x"),
        ("d('x')", "y", "y"),
        *(
            (name, wrong, None)
            for name in ("duration", "number", "money", "size", "local")
            for wrong in ("abc", True, [1], {"a": 1}, "nan", float("inf"))
        ),
        ("local", 0, None),
        ("number", AT, None),
    ],
)
def test_a_filter_says(filter: str, value: Any, text: str | None) -> None:
    body = f"{{{{ job.tokens | {filter} }}}}"
    if text is not None:
        assert render(body, value) == text
        return
    with pytest.raises(TemplateMistake) as caught:
        render(body, value)
    assert (
        "is for" in caught.value.message or "so far away" in caught.value.message or "nothing" in caught.value.message
    )


TAKES = {"join": "(',')", "map": "('upper')", "replace": "('a', 'b')", "money": "('CNY')", "local": "('Asia/Shanghai')"}
TAKES |= {"select": "('odd')", "reject": "('odd')", "selectattr": "('a')", "rejectattr": "('a')"}
LISTS = {
    "dictsort",
    "items",
    "list",
    "map",
    "reject",
    "rejectattr",
    "reverse",
    "select",
    "selectattr",
    "sort",
    "unique",
}
ZERO = {"count": "0", "length": "0", "wordcount": "0", "int": "0", "float": "0.0", "sum": "0"}
ONE_OF = {"first", "last", "max", "min"}


@pytest.mark.parametrize("name", [*JINJAS, *FILTERS])
def test_of_what_is_absent_every_filter_makes_nothing(name: str) -> None:
    made = f"job.tokens | {name}{TAKES.get(name, '')}"
    if name in LISTS:
        made += " | list | join"
    if name in ONE_OF:  # of nothing there is no first
        made += " | default('')"
    assert render(f"{{{{ {made} }}}}") == ZERO.get(name, "")
    if name not in ZERO:
        assert render(f"{{{{ {made} or 'unknown' }}}} {{{{ {made} | default('none') }}}}") == "unknown none"


def test_the_documents_name_every_filter() -> None:
    words = DOCS[DOCS.index("Filters have one manner") : DOCS.index("## What is refused")]
    named = {*re.findall(r"^\| `(\w+)` \|", words, re.MULTILINE)}
    named |= {*re.findall(r"`(\w+)`", words[words.index("Jinja's own are") :])} - {"range"}
    assert named == {*FILTERS, *JINJAS}


def test_what_the_documents_say_of_the_filters_is_so() -> None:
    words = DOCS[DOCS.index("## Your own words") : DOCS.index("## What is refused")]
    rows = re.findall(r"^\| `(\w+)` \|(.*)\|$", words, re.MULTILINE)
    assert [name for name, _ in rows] == [*FILTERS, "default"]
    shown = [each for _, row in rows for each in re.findall(r"`(\{\{.*?\}\})` → `(.*?)`", row.replace("\\|", "|"))]
    assert len(shown) >= 10
    for body, text in shown:
        assert render(body, 1234567) == text
