"""Whatever a reload changes is told, or refused: no key of the config changes in silence."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from monitor.actions.options import CleanupOptions
from monitor.app.reload import changes, problems
from monitor.ledger.budget_options import BudgetOptions
from monitor.providers.model_studio.options import Options as Account
from monitor.rules import RuleOptions
from monitor.settings import Settings
from monitor.settings.root import Control, HttpOptions
from monitor.sinks.webhook.options import Options as Sink
from monitor.store import Rename
from monitor.store.options import RetentionOptions

KEYS = sorted({each.name for each in fields(Settings)} - {"path"})


def settings(**other: Any) -> Settings:
    plain: dict[str, Any] = {
        "path": Path("training-monitor.yaml"),
        "store": "sqlite:monitor.db",
        "state_dir": Path("state"),
        "http": HttpOptions(),
        "control": Control(None),
        "accounts": (account(),),
        "people": (),
        "prices": (),
        "sinks": (sink(),),
        "rules": (rule(),),
        "unmatched": None,
        "flapping": None,
        "catch_up_after": 900.0,
    }
    return Settings(**plain | other)


def account(name: str = "llm", **other: Any) -> Account:
    return Account.model_validate({"name": name, "provider": "model-studio", "api_key": "k", "jobs": {}, **other})


def sink(name: str = "team", **other: Any) -> Sink:
    return Sink.model_validate({"name": name, "type": "webhook", "url": "http://127.0.0.1:9/x", **other})


def rule(name: str = "all", **other: Any) -> RuleOptions:
    return RuleOptions.model_validate({"name": name, "on": ["*"], "notify": ["team"], **other})


OTHER: dict[str, Any] = {
    "store": "sqlite:other.db",
    "state_dir": Path("elsewhere"),
    "http": HttpOptions.model_validate({"public_url": "https://monitor.example.org"}),
    "control": Control(Path("/run/other.sock")),
    "accounts": (),
    "people": ("ann",),
    "prices": ("a price",),
    "sinks": (sink(), sink("mail")),
    "rules": (rule(on=["job.*"]),),
    "budgets": (BudgetOptions(name="team", tokens=1000),),
    "cleanup": (CleanupOptions(name="nightly"),),
    "unmatched": "another",
    "flapping": "another",
    "catch_up_after": 60.0,
    "retention": RetentionOptions.model_validate({"events": "1d"}),
    "heartbeat": "another",
}


@pytest.mark.parametrize("key", KEYS)
def test_a_key_that_changes_is_told_or_refused(key: str) -> None:
    before, after = settings(), replace(settings(), **{key: OTHER[key]})
    assert changes(before, after).words() or problems(before, after, "restart it")
    assert not changes(before, settings()).words()


def test_what_was_renamed_is_neither_new_nor_gone_and_what_else_changed_in_it_is_told() -> None:
    renames = [Rename(kind="sink", before="team", after="inbox"), Rename(kind="rule", before="all", after="every")]
    after = settings(sinks=(sink("inbox", was="team"),), rules=(rule("every", was="all", on=["job.*"]),))
    found = changes(settings(), after, renames)
    assert found.named["sinks"] == {"added": [], "removed": [], "changed": []}
    assert found.named["rules"] == {"added": [], "removed": [], "changed": ["every"]}
    assert found.words() == {"rules": "every changed", "renamed": "sink team to inbox; rule all to every"}


def test_a_former_name_that_goes_from_the_file_changes_nothing() -> None:
    assert not changes(settings(sinks=(sink(was="slack"),)), settings()).words()
