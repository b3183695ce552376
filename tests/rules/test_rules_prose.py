"""A rule's own body is read as Markdown once: its plain form has no marks, and values are harmless in both forms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from monitor.model import EventType, Text
from monitor.rules.message.clean import one_line
from monitor.rules.message.story import Line, Section, sheet
from monitor.rules.prose import BEGIN, END, forms, held, unheld
from monitor.rules.samples import sample
from monitor.rules.template import Templates
from monitor.rules.view import view

TEMPLATES = Templates()
NOTHING = Text(title="", plain="", markdown="")
VALUES = view(sample(EventType.JOB_FINISHED))
NASTY = "*a* _b_ `c` [d](e) <i>&amp; #x ~~f~~"
URL = "https://example.org/a_b/c?d=1&e=2#/f"


def render(body: str, **job: Any) -> Text:
    return TEMPLATES.compile(body=body).render({**VALUES, "job": {**VALUES["job"], **job}}, NOTHING)


@pytest.mark.parametrize(
    ("body", "plain"),
    [
        ("**{{ job.name }}** is *{{ job.state }}*, ~~not~~ `{{ job.id }}`", "x is failed, not ft-sample"),
        ("# {{ job.name }}\n\nText\nmore\n\n\n\nend", "x\n\nText\nmore\n\nend"),
        ("Jobs:\n- **a**\n- {{ job.name }}\n  - deep\n\n3. three\n4. d", "Jobs:\n- a\n- x\n  - deep\n\n3. three\n4. d"),
        ("> {{ job.name }}\n>\n> said\n\n---\nend", "> x\n>\n> said\n\n---\nend"),
        ("[Console]({{ job.url }})\nsee [it]({{ job.url }}) now", f"Console: {URL}\nsee it ({URL}) now"),
        ("<https://example.org> {{ job.url }} ![sign](https://a.b/c.png)", f"https://example.org {URL} sign (https://a.b/c.png)"),
        ("```text\n{{ job.error.message }}\n  end\n```\nand\n\n    more", "[rank0] <module>\n  end\nand\n\nmore"),
        ("[{{ job.name }}]: failed", "[x]: failed"),
        ("a  \nb\\\nc &amp; d \\* e", "a\nb\nc & d * e"),
        ("2 * 3 * 4 snake_case <b> x > y", "2 * 3 * 4 snake_case <b> x > y"),
        ("{% macro m(x) %}**{{ x }}**\n{% endmacro %}{{ m(job.name) }}- {{ m('y') }}", "x\n- y"),
        ("{% set a %}**{{ job.name }}**{% endset %}{{ a }}{{ a | upper }}", "x**X**"),
        ("{% filter upper %}**{{ job.name }}**{% endfilter %} \x02{{ ' a ' }}|\x03", "X  a |"),
    ],
)  # fmt: skip
def test_the_plain_form_of_a_body_has_no_marks(body: str, plain: str) -> None:
    error = {"code": "", "message": "[rank0] <module>"}
    assert render(body, name="x", url=URL, error=error).plain == plain


@pytest.mark.parametrize(
    ("body", "markdown"),
    [
        ("{{ job.name }}", r"\*a\* \_b\_ \`c\` \[d\](e) &lt;i&gt;&amp;amp; #x \~\~f\~\~"),
        ("`{{ job.name }}`", "`*a* _b_ 'c' [d](e) <i>&amp; #x ~~f~~`"),
        ("```\n{{ job.name }}\n```", "```\n*a* _b_ 'c' [d](e) <i>&amp; #x ~~f~~\n```"),
        ("[x]({{ job.url }}) {{ job.url }}", f"[x]({URL}) {URL}"),
        ("{% macro m(x) %}**{{ x }}**{% endmacro %}{{ m('a*b') }}", r"**a\*b**"),
        ("{% set a %}{{ job.id }}*{% endset %}`{{ a }}` {{ a }}", "`ft-sample*` ft-sample*"),
        ("{% filter reverse %}**{{ job.id }}**{% endfilter %}", r"\*\*elpmas-tf\*\*"),
    ],
)
def test_values_are_escaped_for_the_place_where_they_stand(body: str, markdown: str) -> None:
    assert render(body, name=NASTY, url=URL).markdown == markdown


BODIES = ["{{ job.name }}", "**{{ job.name }}** x", "- {{ job.name }}\n- y", "> {{ job.name }}", "`{{ job.name }}`"]
BODIES += [
    "```\n{{ job.name }}\n```",
    "# {{ job.name }}",
    "a {{ job.name }}: b",
    "1. {{ job.name }}",
    "    {{ job.name }}",
]


@given(
    st.sampled_from(BODIES), st.text(st.sampled_from("*_`[]()<>&;#-+.!~|1 a\\:/\"'\x02\x03\n"), min_size=1, max_size=20)
)
@settings(max_examples=150, deadline=None)
def test_no_value_changes_how_a_body_is_read(body: str, value: str) -> None:
    value = one_line(unheld(value), 99)
    marks = MarkdownIt("commonmark").enable("strikethrough")

    def shape(text: str) -> list[str]:
        tokens = [each for token in marks.parse(text) for each in (token, *(token.children or []))]
        return [token.type for token in tokens if not token.type.startswith("text")]

    text = render(body, name=value + BEGIN + END)
    assert not value or shape(text.markdown) == shape(render(body, name="x").markdown)
    assert value in text.plain


def test_a_text_of_ours_reads_the_same_when_its_markdown_is_made_plain() -> None:
    lines = [Line("Why", NASTY), Line("", "1. first"), Line("Console", URL, url=True)]
    ours = sheet("Title", lines, [Section("By owner", ["ann_b: 2", NASTY])])
    made = forms(ours.markdown)[0]
    assert [line for line in made.split("\n") if line] == [
        line.replace("By owner:", "By owner") for line in ours.plain.split("\n") if line
    ]


def test_what_is_cut_inside_a_value_stays_a_value() -> None:
    whole = f"a {held('*b*')} c"
    assert forms(whole[:5]) == ("a *b", r"a \*b")
    assert forms(held("*b*")[::-1] + "\n*c*") == ("*b*\n*c*", "\\*b\\*\n\\*c\\*")


def test_the_documents_say_what_a_webhook_gets() -> None:
    docs = Path(__file__, "../../../docs/messages.md").resolve().read_text(encoding="utf-8")
    assert "without the marks of Markdown" in docs


@pytest.mark.parametrize(
    ("body", "plain"),
    [
        ("A\n\n{% for x in [1, 2] %}\n- {{ x }}\n{% endfor %}\n\nB", "A\n\n- 1\n- 2\n\nB"),
        (
            "{# note #}\n{% if job %}x{% endif %}\ny {# c #}\n  {% if job %} {% if usage %}\n{% endif %}{% endif %}\nz",
            "x\ny\nz",
        ),
        ("{% raw %}{{ x }}{% endraw %}\nb {%- if job %} c{% endif -%}\n d", "{{ x }}\nb cd"),
    ],
)
def test_a_line_of_nothing_but_tags_leaves_no_line(body: str, plain: str) -> None:
    assert render(body).plain == plain


def test_maps_are_put_out_as_people_write_them() -> None:
    text = render(
        "{{ job.error }} / {{ job.extra }}", error={"code": "E1", "message": "*no*"}, extra={"a": "b", "c": 1}
    )
    assert text.plain == "E1: *no* / a: b, c: 1"


def test_a_link_whose_address_is_absent_is_its_words() -> None:
    text = render("see [{{ job.name }}]({{ job.url }})", name="*x*", url=None)
    assert (text.plain, text.markdown) == ("see *x*", r"see \*x\*")
