"""Chat services read Markdown in their own ways: what is sent is what Apprise makes of it, and people see the words."""

from __future__ import annotations

from typing import Any

import pytest
from apprise import NotifyFormat

from monitor.fields import Secret
from monitor.fields.markdown import escape
from monitor.sinks.apprise.dialects import in_dialect
from monitor.sinks.apprise.service import Service

SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#x"
TELEGRAM = "tgram://123456789:abcdefg_hijklmnop/12315544/"
DISCORD = "discord://111111111111111111/abcdefghijklmnopqrstuvwxyz"
DINGTALK = "dingtalk://aaaabbbbccccdddd/"
TEXT = f"**Why:** {escape('File <stdin> & more &lt; [r]')} `<a> &amp;`"


def sent(url: str, markdown: str) -> str:
    plugin: Any = Service(Secret(url), 5.0)._plugin
    return str(plugin.dialect_convert(in_dialect(markdown, plugin), NotifyFormat.MARKDOWN))


@pytest.mark.parametrize(
    ("url", "text"),
    [
        (SLACK, "*Why:* File &lt;stdin&gt; &amp; more &amp;lt; [r] `&lt;a&gt; &amp;amp;`"),
        (TELEGRAM, r"*Why:* File <stdin> & more &lt; \[r\] `<a> &amp;`"),
        (DISCORD, r"**Why:** File \<stdin\> & more &lt; \[r\] `<a> &amp;`"),
        (DINGTALK, r"**Why:** File &lt;stdin&gt; &amp; more &amp;lt; \[r\] `<a> &amp;`"),
    ],
)
def test_angles_and_ampersands_are_shown_as_they_are(url: str, text: str) -> None:
    assert sent(url, TEXT) == text


@pytest.mark.parametrize("url", [SLACK, TELEGRAM, DISCORD])
@pytest.mark.parametrize("name", ["<!channel>", "<@U123>", "<#C1>", "<https://evil|x>", "\\<!here>", "`<!here>"])
def test_no_name_becomes_a_mention_or_a_link(url: str, name: str) -> None:
    made = sent(url, f"a {escape(name)} b")
    assert not [begin for begin in ("<!", "<@", "<#") if begin in made]
    assert "<https" not in made.replace(r"\<", "") or url == TELEGRAM  # which knows no such links
