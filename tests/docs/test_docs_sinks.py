"""The page on sinks: its example URLs are taken by Apprise, its texts and pictures are what the program sends today."""

from __future__ import annotations

import re

import pytest

from monitor.fields import Secret
from monitor.model import Outcome
from monitor.sinks import registry
from monitor.sinks.apprise.dialects import DIALECTS
from monitor.sinks.apprise.service import Service
from tests.docs.draw_sinks import DOCS, Shown, fingerprint, label, sections
from tests.kit.messages import deliveries, payloads, receipts

PAGE = (DOCS / "sinks.md").read_text()
SERVICES = ["Slack", "E-mail", "DingTalk", "Feishu", "WeCom", "Microsoft Teams"]
SCHEMES = {name: {"serverchan": "schan"}.get(name, name) for name in DIALECTS}
BIGGEST = 60_000
"""Bytes of a picture."""


def test_each_service_has_its_section_with_an_example_and_a_picture() -> None:
    assert [shown.service for shown in sections()] == SERVICES
    assert all(0 < shown.picture.stat().st_size < BIGGEST for shown in sections())


@pytest.mark.parametrize("shown", sections(), ids=lambda shown: shown.service)
async def test_the_picture_shows_what_the_service_would_get_today(shown: Shown) -> None:
    """Renew the pictures with `python -m tests.docs.draw_sinks`, and look at them."""
    messages = await payloads(shown.url)
    assert len(messages) == 3
    assert label(shown.picture.read_bytes()) == fingerprint(messages)


def test_the_plain_texts_on_the_page_are_what_is_rendered_today() -> None:
    texts = [f"{made.notification.text.title}\n{made.notification.text.plain}" for made in deliveries()]
    (shown,) = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    assert shown == "\n\n".join(texts) + "\n"


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
        "slack://xoxb-1234-1234-4ddbc191d40ee098cbaae6f3523ada2d/#training",
        "mailtos://ann%40example.org:p%3Aw@smtp.example.org:465?from=ann@example.org&to=a@example.org,b@example.org",
        "dingtalk://0123456789abcdef0123456789abcdef/13800138000",
        "lark://01234567-89ab-cdef-0123-456789abcdef",
        "https://prod-1.westeurope.logic.azure.com:443/workflows/643e69/triggers/manual/paths/invoke?sv=1.0&sig=KODu",
        "workflows://prod-1.westeurope.logic.azure.com:443/643e69/KODu/?pa=yes",
    ],
)
def test_the_other_forms_that_the_page_names_are_taken_too(url: str) -> None:
    assert Service(Secret(url), 5.0).name


def test_every_key_and_kind_of_a_sink_is_listed() -> None:
    listed = {key for row in re.findall(r"^\| (`.*?`) \|", PAGE, re.MULTILINE) for key in re.findall(r"`(\w+)`", row)}
    known = {key for kind in registry.kinds() for key in registry.options(kind).model_fields}
    assert known - listed == set()
    assert [kind for kind in registry.kinds() if f"`{kind}`" not in PAGE] == []


@pytest.mark.parametrize("service", ["DingTalk", "Feishu", "WeCom"])
async def test_a_refusal_with_status_200_is_seen_as_the_page_says(service: str) -> None:
    (shown,) = [each for each in sections() if each.service == service]
    refused = '{"errcode": 310000, "code": 19024, "errmsg": "keywords not in content", "msg": "Key Words Not Found"}'
    found = await receipts(shown.url, answer=refused)
    assert {receipt.outcome for receipt in found} == {Outcome.REFUSED}
    assert all("key" in receipt.detail.lower() for receipt in found)


def test_the_page_lists_the_services_whose_answers_are_read() -> None:
    (section,) = re.findall(r"^## Refusals with status 200\n(.*?)^## ", PAGE, re.DOTALL | re.MULTILINE)
    assert sorted(re.findall(r"`(\w+)://`", section)) == sorted(SCHEMES.values())
