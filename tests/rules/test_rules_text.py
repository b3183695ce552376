"""Messages made of hostile words, of many events, and by a rule's own template."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from monitor import diff
from monitor.fields.markdown import escape
from monitor.model import Event, EventType, JobError, Reason, Severity, Text
from monitor.rules import Failed, Notify, RuleOptions, RuleSet, RuleState, render, step
from monitor.rules.message.clean import link, one_line
from monitor.rules.message.facts import money


@pytest.fixture
def failing(tuned: Any, stored: Any) -> Callable[..., Event]:
    """A job of any name that failed for any reason."""

    def make(name: str = "n", message: str = "m", **facts: Any) -> Event:
        life = tuned(name, **facts).see(0, "running").see(5, "failed", error=JobError(code="E", message=message))
        return stored(life.drafts)[-1]  # type: ignore[no-any-return]

    return make


@pytest.fixture
def own(stored: Any, accounts: Any, at: Any) -> Callable[..., Event]:
    """An event about an account, a sink or a rule."""

    def make(builder: str, seq: int, **facts: Any) -> Event:
        account = replace(accounts[0], name="north")
        plain: dict[str, dict[str, Any]] = {
            "unreachable": {"watch": "jobs", "reason": "down", "hint": None, "failures": 3, "since": at(0)},
            "recovered": {"watch": "jobs", "reason": "down", "since": at(seq - 5)},
            "delivery_dead": {"rule": "r0", "title": "t", "attempts": 7, "detail": "gone"},
            "rule_failed": {"what": "integer overflow"},
        }
        about = {"delivery_dead": "team", "rule_failed": "r0"}.get(builder, account)
        draft = getattr(diff, builder)(about, now=at(seq), **plain[builder] | facts)
        return stored([draft], seq)[0]  # type: ignore[no-any-return]

    return make


def text_of(*events: Event) -> Text:
    reason = Reason.CATCH_UP if len(events) > 1 else Reason.NEW
    return render(events, rule="r", reason=reason, severity=Severity.INFO, now=events[0].detected_at)


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("中文 名称—（测试）", "中文 名称—（测试）"),
        ("a\nb\r\n\tc\0d\x1b[31me", "a b c d [31me"),
        ("safe\u202egnp.exe\u2066x\u2069", "safegnp.exex"),
        ("a\u200bb\ufeffc\u00add", "abcd"),
        ("family 👩\u200d👩\u200d👧", "family 👩\u200d👩\u200d👧"),
        ("a\u2028b\u2029c\u3000d", "a b c d"),
        ("z" + "\u0301" * 50, "z" + "\u0301" * 4),
        ("@everyone look, @here, ann@example.org", "＠everyone look, ＠here, ann@example.org"),
        ("\ud800x", "\ufffdx"),
        ("x" * 60, "x" * 49 + "…"),
        ("", ""),
    ],
)
def test_words_from_outside_become_one_plain_line(raw: str, clean: str) -> None:
    assert one_line(raw, 50) == clean


@pytest.mark.parametrize(
    ("plain", "escaped"),
    [
        ("zh-support-v2_final.1", "zh-support-v2_final.1"),
        ("*bold* _it_ `code`", r"\*bold\* \_it\_ \`code\`"),
        ("[x](http://evil)", r"\[x\](http://evil)"),
        ("<script>alert(1)</script> &lt;", "&lt;script&gt;alert(1)&lt;/script&gt; &amp;lt;"),
        ("# top", r"\# top"),
        ("- item", r"\- item"),
        ("1. first", r"1\. first"),
        ("2026-11-21", "2026-11-21"),
        ("3.50 and -5 and +1", "3.50 and -5 and +1"),
        ("-5", "-5"),
        ("---", r"\---"),
        ("> quote", "&gt; quote"),
        ("~~gone~~", r"\~\~gone\~\~"),
        ("back\\slash", r"back\\slash"),
    ],
)
def test_markdown_shows_words_as_they_are(plain: str, escaped: str) -> None:
    assert escape(plain) == escaped


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://console.example.org/a?b=c#/d", True),
        ("javascript:alert(1)", False),
        ("https://x/a b", False),
        ("https://x/)[y](z", False),
        ("https://x/<y>", False),
        (None, False),
        (7, False),
    ],
)
def test_only_a_plain_web_address_becomes_a_link(url: object, safe: bool) -> None:
    assert link(url) == (url if safe else None)


def test_a_hostile_name_and_error_keep_the_message_in_shape(failing: Callable[..., Event]) -> None:
    name = "x\n# Owned\n@everyone <img src=x> *" + "长" * 500
    text = text_of(failing(name, "line one\nline two\u202e <b>" + "y" * 5000))
    assert "\n" not in text.title
    assert len(text.title) <= 120
    assert len(text.plain.splitlines()) == 5
    assert max(map(len, text.plain.splitlines())) < 400
    assert "<" not in text.markdown
    assert "@everyone" not in text.title + text.plain + text.markdown
    assert not re.search("[\u202a-\u202e\0-\x08]", text.title + text.plain + text.markdown)


def test_chinese_names_stay_whole(failing: Callable[..., Event]) -> None:
    text = text_of(failing("通义千问-客服微调-第三版", "显存不足"))
    assert text.title == "qwen3-14b fine-tune “通义千问-客服微调-第三版” failed after 5 min"
    assert "Why: E: 显存不足" in text.plain


@pytest.mark.parametrize("kind", list(EventType))
@pytest.mark.parametrize("data", [{}, {"job": 3, "account": [], "flavor": "x", "usage": None, "counts": "y"}])
def test_a_message_can_be_made_of_any_data(failing: Callable[..., Event], kind: EventType, data: Any) -> None:
    text = text_of(replace(failing(), type=kind, data=data))
    assert text.title
    assert "None" not in text.title + text.plain


def test_a_digest_tells_the_net_change_of_each_thing(tuned: Any, shelf: Any, stored: Any) -> None:
    job = tuned("a").see(0, "pending").see(1, "running").see(9, "succeeded").use(10, 2_000).drafts
    twice = shelf().read(0, {"z1": "normal", "z2": "normal"}).read(5, {"z1": "soldout", "z2": "soldout"})
    twice.read(10, {"z1": "normal"}).read(15, {"z1": "soldout"}).read(20, {"z1": "normal"})
    events = [event for event in stored([*job, *twice.drafts]) if event.type is not EventType.FLAVOR_CHANGED]
    plain = text_of(*events[:4], *events[5:]).plain
    assert "- qwen3-14b fine-tune “a” succeeded in 8 min, used 2,000 tokens (0.06 CNY) · llm-beijing" in plain
    assert "- modelarts.bm.npu.910b.8 in z1 changed 4 times, now in stock as before · ascend-north" in plain
    assert "- modelarts.bm.npu.910b.8 in z2 is sold out, after at least 5 min in stock · ascend-north" in plain
    assert plain.count("\n- ") == 3


def test_a_digest_of_one_thing_tells_its_last_steps(shelf: Any, stored: Any) -> None:
    turns = shelf().read(0, {"z": "normal"})
    for number in range(15):
        turns.read(10 + number, {"z": ("soldout", "normal")[number % 2]})
    text = text_of(*stored(turns.drafts[1:]))
    name = "modelarts.bm.npu.910b.8 in z"
    assert text.title == f"Catching up: {name} is sold out, after 1 min in stock (changed 15 times)"
    assert text.plain.count("\n- ") == 13
    assert "\n- 3 more before\n- 11-21 12:13 is in stock again, after 1 min sold out\n" in text.plain


def test_a_digest_counts_what_is_no_job_and_no_flavor(failing: Callable[..., Event]) -> None:
    kinds = [
        EventType.ACCOUNT_RECOVERED,
        EventType.MONITOR_STARTED,
        EventType.MONITOR_STOPPED,
        EventType.USAGE_RECORDED,
    ]
    events = [replace(failing(), seq=n, type=kind, subject=kind.value) for n, kind in enumerate([*kinds, kinds[0]])]
    events[1] = replace(events[1], severity=Severity.CRITICAL)
    text = text_of(*events)
    assert text.title == "Catching up: 2 other events, 1 account recovered, 1 job with usage"
    assert text.plain.splitlines()[3] == "- training monitor has started"
    assert "account llm-beijing can be read again (2 times)" in text.plain


def test_a_digest_counts_what_happened_again_and_not_what_came_before_it(own: Callable[..., Event]) -> None:
    down, up = own("unreachable", 1), own("recovered", 2)
    assert "account north can be read again after 5 min" in text_of(down, up, own("rule_failed", 3)).plain
    assert "times" not in text_of(down, up, own("rule_failed", 3)).plain
    assert "can be read again after 5 min (2 times)" in text_of(down, up, own("recovered", 4)).title


def test_every_message_that_a_sink_did_not_get_is_named(own: Callable[..., Event]) -> None:
    first, second = own("delivery_dead", 1, title="a failed"), own("delivery_dead", 2, title="b failed")
    text = text_of(first, second)
    assert text.title == (
        "Catching up: sink team did not get a message after 7 attempts; it will not be sent again (2 times): b failed"
    )
    assert [line.partition("again: ")[2] for line in text.plain.splitlines()[-2:]] == ["a failed", "b failed"]


def test_messages_that_a_sink_did_not_get_are_told_apart_by_their_titles(own: Callable[..., Event]) -> None:
    titles = [text_of(own("delivery_dead", seq, title=f"{name} failed")).title for seq, name in ((1, "a"), (2, "b"))]
    assert titles == ["Sink team did not get: a failed", "Sink team did not get: b failed"]
    assert text_of(own("delivery_dead", 1, title="")).title.startswith("Sink team did not get a message after 7")


def test_the_weight_of_a_message_that_a_sink_did_not_get_stands_once_before_the_title(
    own: Callable[..., Event],
) -> None:
    event = own("delivery_dead", 1, title="Critical: a failed")
    said = render([event], rule="r", reason=Reason.NEW, severity=Severity.CRITICAL, now=event.detected_at)
    assert said.title == "Critical: sink team did not get: a failed"


def test_what_waited_for_a_removed_sink_was_never_tried_and_is_not_said_to_be(own: Callable[..., Event]) -> None:
    text = text_of(own("delivery_dead", 1, title="3 messages", rule=None, attempts=0))
    assert text.title == "Sink team does not get what waited for it"
    assert text.plain.splitlines()[:2] == ["Why: gone", "Waiting: 3 messages"]


def test_many_messages_of_one_cause_are_told_by_their_number(stored: Any, at: Any) -> None:
    (many,) = stored([diff.deliveries_dead("team", count=3, detail="answered 400", now=at(1), delivery="d1")])
    text = text_of(many)
    assert text.title == "Sink team did not get 3 messages; not sent again"
    assert text.plain.splitlines()[0] == "Why: answered 400"
    assert "Waiting" not in text.plain


def test_a_sink_that_failed_and_was_removed_is_not_said_to_take_messages(stored: Any, at: Any) -> None:
    (over,) = stored([diff.sink_recovered("team", since=at(0), waiting=0, now=at(9), removed=True)])
    title = text_of(over).title
    assert title == "Sink team was removed from the config; it had taken no messages for 9 min"


def test_a_digest_is_bounded(failing: Callable[..., Event]) -> None:
    event = failing("长" * 300)
    events = [replace(event, seq=seq, subject=f"job/{seq}") for seq in range(5000)]
    text = text_of(*events)
    assert text.title == "Catching up: 5,000 jobs failed"
    assert text.plain.splitlines()[-1] == "- and 4,988 more"
    assert len(text.plain) < 5000


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("37.037", "37.04 CNY"),
        ("1234567.5", "1,234,567.50 CNY"),
        ("0", "0.00 CNY"),
        ("0.000123", "0.000123 CNY"),
        (-0.16, "-0.16 CNY"),
        ("NaN", ""),
        ("1e99", ""),
        (True, ""),
        (None, ""),
        ("x", ""),
    ],
)
def test_money_is_written_with_its_currency(amount: object, text: str) -> None:
    assert money(amount, "CNY") == text


def said(event: Event, **options: Any) -> tuple[Text, list[Failed]]:
    rule = RuleOptions(name="r", on=["job.*"], notify=["s"], **options)
    _, effects = step(RuleSet.compile([rule], [], None, ["s"]), RuleState(), event)
    (notify,) = [effect for effect in effects if isinstance(effect, Notify)]
    return notify.text, [effect for effect in effects if isinstance(effect, Failed)]


def test_a_template_has_the_variables_and_filters(failing: Callable[..., Event]) -> None:
    text, failed = said(
        failing("a_b", tokens=1_234_567),
        title="{{ job.name }}\n{{ severity }}",
        body="**{{ job.name }}** ran {{ job.duration | duration }}, {{ job.tokens | number }} tokens, "
        "{{ 3.5 | money('CNY') }}, {{ job.ended_at }}{{ event.late }} {{ job.created_at }} [{{ account.labels.team }}]",
    )
    plain = "ran 5 min, 1,234,567 tokens, 3.50 CNY, false 2026-11-21 12:00 UTC [nlp]"
    assert text == Text(title="a_b warning", plain=f"a_b {plain}", markdown=f"**a_b** {plain}")
    assert failed == []


def test_values_in_a_template_are_escaped_in_markdown_only(failing: Callable[..., Event]) -> None:
    text, _ = said(failing("*x*\n# y"), body="## {{ job.name }}\n- {{ job.error.message }}")
    assert text.plain == "*x* # y\n- m"
    assert text.markdown == "## \\*x\\* # y\n- m"
    assert text.title == "qwen3-14b fine-tune “*x* # y” failed after 5 min"


def test_a_template_that_raises_falls_back_and_says_so(tuned: Any, stored: Any) -> None:
    event = stored(tuned().see(0, "running").drafts)[-1]
    text, failed = said(event, title="{{ job.name }}", body="\n{{ job.error.code }}")
    what = "in {{ job.error.code }}: the value whose 'code' is asked for is absent; guard it with {% if … %} (line 2)"
    assert text.title == "qwen3-14b fine-tune “zh-support-v2” is running"
    assert text.plain.splitlines()[-1] == f"(The rule's own text failed: {what})"
    assert failed == [Failed(kind="template", rule="r", what=what, event=event)]


def test_what_a_template_writes_is_bounded(failing: Callable[..., Event]) -> None:
    text, failed = said(
        failing(), body="{% for i in range(900) %}{{ job.url }} {{ job.url }}{% endfor %}", title="t" * 900
    )
    assert (len(text.plain), len(text.markdown), len(text.title)) == (8000, 8000, 120)
    assert failed == []


def test_a_start_that_was_seen_together_with_its_end_does_not_bear_the_error(failing: Callable[..., Event]) -> None:
    failed = failing("resnet50", "out of memory")
    started = replace(failed, type=EventType.JOB_STARTED, data={**failed.data, "outcome": None})
    assert "Why: E: out of memory" in text_of(failed).plain
    assert "out of memory" not in text_of(started).plain
