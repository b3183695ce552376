"""Templates: no way out of the sandbox, an end within a moment whatever they say, and the filters that are our own."""

from __future__ import annotations

import time
from typing import Any

import pytest

from monitor.model import EventType, Text
from monitor.rules import RuleErrors, RuleOptions, RuleSet
from monitor.rules.samples import sample
from monitor.rules.template import TemplateMistake, Templates
from monitor.rules.view import view

NOTHING = Text(title="", plain="", markdown="")
TEMPLATES = Templates()
VALUES = view(sample(EventType.JOB_FINISHED))


def render(body: str, **more: Any) -> str:
    return TEMPLATES.compile(body=body).render({**VALUES, **more}, NOTHING).plain


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("{{ job.duration | duration }} {{ job.tokens | number }}", "42 min 1,234,567"),
        ("{{ '12.5' | money('CNY') }} {{ None | money or '?' }}", "12.50 CNY ?"),
        ("{{ 512 | size }} {{ 1536 | size }} {{ (64 * 2**30) | size }}", "512 B 1.5 KiB 64.0 GiB"),
        ("{{ job.created_at | local('Asia/Shanghai') }}", "2026-01-31 20:00 +08:00"),
        ("{{ job.created_at | local }}", "2026-01-31 12:00 UTC"),
        ("{{ job.created_at | local('America/New_York', '%d.%m. %H:%M') }}", "31.01. 07:00"),
        ("{{ '2026-07-31T12:00:00Z' | local('Europe/Berlin') }}", "2026-07-31 14:00 +02:00"),
        ("{{ now - job.created_at }}", "0:45:00"),
        ("{% for x in range(2) %}{{ loop.index }}/{{ loop.length }}{{ ' ' if not loop.last }}{% endfor %}", "1/2 2/2"),
        ("{% for k, v in job.extra.items() if v %}{{ k }}={{ v }}{% else %}none{% endfor %}", "a=1"),
        ("{{ job.extra | dictsort | map('first') | join(', ') }}", "a, b"),
        ("{{ range(5) | select('odd') | list }} {{ [3, 1] | sort | first }}", "[1, 3] 1"),
        ("{{ 'a' ~ 1 ~ 'b' }} {{ 'x' + 'y' }} {{ 7 // 2 }} {{ 'abc'[1:] }}", "a1b xy 3 bc"),
        ("{% set a = namespace %}", ""),
        ("{% macro m(x) %}<{{ x }}>{% endmacro %}{{ m(1) }}{{ m('z') }}", "<1><z>"),
        ("{% filter upper %}a{{ job.id }}{% endfilter %}", "AFT-SAMPLE"),
        ("{{ job.name.upper() }} {{ job.name.replace('a', 'o') }} {{ now.strftime('%H') }}", "SAMPLE somple 12"),
        ("{{ account.labels.items }} {{ 'b' in ['a', 'b'] }} {{ 'ann' is in ['ann'] }}", "ours true true"),
        ("{% for x in [1, 2] %}{{ x }}{{ ', ' if not loop.last }}{% endfor %}{{ ' ' }}!{{ ' a ' }}!", "1, 2 ! a !"),
        ("{{ reason }} {{ lasted | duration }}", "new 2 h"),
    ],
)  # fmt: skip
def test_a_template_says(body: str, text: str) -> None:
    if "namespace" in body:
        with pytest.raises(TemplateMistake, match="unknown name 'namespace'"):
            render(body + "{{ a }}")
        return
    more: dict[str, Any] = {"job": {**VALUES["job"], "extra": {"a": "1", "b": ""}}}
    more |= {"account": {**VALUES["account"], "labels": {"items": "ours"}}, "reason": "new", "lasted": 7200.0}
    assert render(body, **more) == text


SHORT = {f"<{name}>": f"{{% for {name} in range(1000) %}}" for name in "abcxy"}
SHORT |= {"</>": "{% endfor %}", "<m>": "{% macro m(n) %}", "<end>": "{% endmacro %}"}
BOMBS = {
    "loops in loops": "<a><b><c></></></>",
    "loops that put nothing out": "<a>{% for b in range(1000) if a == b + 5000 %}x</></>",
    "a macro that calls itself": "<m>{{ m(n + 1) }}<end>{{ m(1) }}",
    "a macro that calls itself twice": "<m>{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}<end>{{ m(60) }}",
    "macros that call each other": "{% macro a() %}{{ b() }}<end>{% macro b() %}{{ a() }}<end>{{ a() }}",
    "a text that doubles": "{% macro m(x, n) %}{% if n %}{{ m(x ~ x, n - 1) }}{% endif %}<end>{{ m('ab', 60) }}",
    "a text that doubles by plus": "{% set a = 'ab' %}" + "{% set a = a + a %}" * 60,
    "a list that doubles": "{% set a = [1] %}" + "{% set a = a + a %}" * 60,
    "a list of lists of lists": "{% set a = [1] %}" + "{% set a = [a, a] %}" * 60 + "{{ a }}",
    "a map of maps": "{% set a = {} %}" + "{% set a = {1: a, 2: a} %}" * 60 + "{{ a }}",
    "lists that are compared": "{% set a = [1] %}{% set b = [1] %}"
    + "{% set a = [a, a] %}{% set b = [b, b] %}" * 40
    + "{{ a == b }}",
    "a tuple of tuples": "{% set a = (1, 1) %}" + "{% set a = (a, a) %}" * 60 + "{{ a | string | length }}",
    "replace grows": "{% set a = 'aaaaaaaaaa' %}" + "{% set a = a | replace('a', 'aaaaaaaaaa') %}" * 20,
    "the method replace grows": "{% set a = 'aaaaaaaaaa' %}" + "{% set a = a.replace('a', 'aaaaaaaaaa') %}" * 20,
    "replace of nothing grows": "{% set a = 'aaaaaaaaaa' %}" + "{% set a = a.replace('', a) %}" * 20,
    "join grows": "{% set a = 'aaaaaaaaaa' %}" + "{% set a = range(1000) | join(a) %}" * 20,
    "the method join grows": "{% set a = 'aaaaaaaaaa' %}"
    + "{% set a = a.join(range(1000) | map('string') | list) %}" * 20,
    "a number that grows": "{% set a = 9 %}" + "{% set a = a * a %}" * 90,
    "powers of powers": "{% set a = 9 ** 60 %}" + "{% set a = a ** 60 %}" * 20,
    "work at each round": "<a>{{ range(1000) | sort | list | length }}</>",
    "a search at each round": "<a>{% if a + 5000 in range(1000) | list %}x{% endif %}</>",
    "tests at each round": "<a>{% if range(1000) | select('in', range(1000) | list) | list %}x{% endif %}</>",
    "sums of lists": "{{ range(1000) | map('string') | map('list') | sum(start=[]) }}" * 90,
    "slices": "{% set a = range(1000) | list %}<x>{% set b = a[1:] %}</>",
    "calls of methods": "{% set a = 'ab' %}<x><y>{% set b = a.upper() %}</></>",
    "lists of texts": "<x>{% set b = [job.name] | map('upper') | join %}{% for y in range(90) %}</></>",
    "a call without end": "<m>{{ caller() }}<end>{% macro o() %}{% call m(1) %}{{ o() }}{% endcall %}<end>{{ o() }}",
    "a block in itself": "{% block a %}{{ self.a() }}{% endblock %}",
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_template_that_runs_on_or_grows_ends_within_a_moment(name: str) -> None:
    body = BOMBS[name]
    for short, long in SHORT.items():
        body = body.replace(short, long)
    template = TEMPLATES.compile(body=body)
    took = []
    for _ in range(2):
        began = time.process_time()
        with pytest.raises(TemplateMistake, match=r"too (much|large)|small powers|for numbers"):
            template.render(VALUES, NOTHING)
        took.append(time.process_time() - began)
    assert min(took) < 0.2


@pytest.mark.parametrize(
    "body",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ job.__class__ }}",
        "{{ [].__class__.__base__ }}",
        "{{ ().__class__ }}",
        "{{ range.__globals__ }}",
        "{{ range.__self__ }}",
        "{{ job['__class__'].__name__ }}",
        "{{ job | map(attribute='__class__') | first }}",
        "{{ [job.name] | map(attribute='__class__') | first }}",
        "{{ job | attr('__class__') }}",
        "{{ self.__init__.__globals__ }}",
        "{{ self._TemplateReference__context }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{{ lipsum.__globals__ }}",
        "{{ config }}",
        "{{ request }}",
        "{% for x in [1] %}{{ loop.__init__.__globals__ }}{% endfor %}",
        "{% for x in [1] %}{{ loop._iterable }}{% endfor %}",
        "{% macro m() %}{% endmacro %}{{ m.__globals__ }}",
        "{% macro m() %}{% endmacro %}{{ m._func }}",
        "{{ (1).__class__ }}",
        "{{ (5).to_bytes(99999999, 'big') }}",
        "{{ (5.0).as_integer_ratio() }}",
        "{{ now.tzinfo.__class__ }}",
        "{{ now.__reduce__() }}",
        "{{ '{0.__class__}'.format(job) }}",
        "{{ '{a.__class__}'.format_map({'a': job}) }}",
        "{{ 'x'.join.__self__.__class__ }}",
        "{{ 'x'.encode().__class__ }}",
        "{{ job.update({'id': 1}) }}",
        "{{ [1].append(2) }}",
        "{{ job.clear() }}",
        "{{ job.name.translate({97: 'x'}) }}",
        "{{ job.name.zfill(99999999) }}",
        "{{ job.name.expandtabs(99999999) }}",
        "{% import 'os' as os %}",
        "{% include '/etc/passwd' %}",
        "{% extends 'x' %}",
        "{% set job.name = 'x' %}",
        "{{ context }}",
        "{{ environment }}",
        "{{ settings }}",
    ],
)  # fmt: skip
def test_there_is_no_way_out_of_the_sandbox(body: str) -> None:
    with pytest.raises(TemplateMistake):
        render(body)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("{{ job.created_at | local('Asia/Beijing') }}", "there is no time zone 'Asia/Beijing'; did you mean Asia"),
        ("{{ job.name | local('UTC') }}", "local is for times, and this is none: 'sample'"),
        ("{{ now | local('UTC', '%H' ~ 'x' * 1) }}", "* is for numbers"),
        ("{{ reson }}", "unknown name 'reson'; did you mean reason?"),
        ("{% for x in [1] recursive %}{{ loop([2]) }}{% endfor %}", "a loop cannot be recursive here"),
        ("{{ None - 1 }}", "a value in it is not there: guard it with {% if … %}"),
        ("x" * 20_001, "longer than 20000 characters"),
        ("{{ " + "(" * 3_000 + "1" + ")" * 3_000 + " }}", "cannot be compiled"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_template_is_said(body: str, says: str) -> None:
    with pytest.raises(TemplateMistake) as caught:
        render(body)
    assert says in caught.value.message


def test_a_long_message_is_cut_and_no_mistake() -> None:
    assert len(render("{% for x in range(1000) %}{{ job.name }} is known.\n{% endfor %}")) == 8_000


def test_what_is_captured_and_put_out_again_does_not_grow() -> None:
    body = "{% set a %}abcdefghij{% endset %}" + "{% set a %}{{ a }}{{ a }}{% endset %}" * 90 + "{{ a }}"
    with pytest.raises(TemplateMistake, match="grows too large"):
        render(body)


def test_a_large_value_of_an_event_harms_no_other() -> None:
    many = {"extra": {str(number): "x" * 1_000 for number in range(1_000)}, "name": "n"}
    assert render("{{ job.name }} {{ job.extra['5'][:3] }}", job=many) == "n xxx"
    with pytest.raises(TemplateMistake, match="grows too large"):
        render("{{ job.extra }}", job=many)


def compiled(**rule: Any) -> None:
    options = RuleOptions.model_validate({"name": "r", "notify": ["slack"]} | rule)
    RuleSet.compile([options], [], None, ["slack"])


def test_a_template_is_tried_on_reminders_and_on_the_end_where_it_tells_that() -> None:
    compiled(on=["job.queued"], title="{{ lasted | duration }}")
    compiled(**{"on": ["job.queued"], "for": "1h", "title": "{{ lasted + 1 }}"})
    with pytest.raises(RuleErrors, match="unsupported operand"):
        compiled(on=["job.queued"], title="{{ lasted + 1 }}")
    at_the_end = "{% if reason == 'resolved' %}{{ job.name + 1 }}{% endif %}"
    compiled(on=["job.queued"], title=at_the_end)
    with pytest.raises(RuleErrors, match="can only concatenate"):
        compiled(on=["job.queued"], title=at_the_end, remind_every="1h")


@pytest.mark.parametrize(
    "body", ["{{ a }}\n" * 2_000, "{{ job.nme }}" * 1_500, "{% if x %}" * 1_500, "{{ a | b }}" * 1_500]
)
def test_many_mistakes_are_found_as_quickly_as_one(body: str) -> None:
    began = time.process_time()
    with pytest.raises(TemplateMistake):
        TEMPLATES.compile(body=body)
    assert time.process_time() - began < 3
