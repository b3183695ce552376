"""What clean-up policies may say and hardly mean: a condition that no finished job meets, runs that come too often."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from monitor.settings.document import Document
from monitor.settings.idle import idle, providers
from monitor.settings.problems import Problem

if TYPE_CHECKING:
    from monitor.actions.options import CleanupOptions
    from monitor.providers.options import AccountOptions
    from monitor.settings.root import Settings

_LOOKS = 60.0
_SHOWN_AS = ("job.finished",)
"""A policy sees jobs that are over, as their end is told."""


def cleanup_doubts(document: Document, settings: Settings) -> Iterator[Problem]:
    """Loads the language where there is a condition."""
    for index, policy in enumerate(settings.cleanup):
        place = ("cleanup", index)
        if policy.every < _LOOKS:  # the daemon looks once a minute whether a policy is due
            yield document.problem((*place, "every"), "it is looked once a minute which policy is due; write 1m")
        if policy.when is not None:
            for message, inner in _condition(policy, policy.when, settings):
                yield document.problem((*place, "when"), message, inner=inner)


def _condition(policy: CleanupOptions, when: str, settings: Settings) -> Iterator[tuple[str, tuple[int, int] | None]]:
    meant = [each for each in settings.accounts if policy.accounts is None or each.name in policy.accounts]
    found = list(idle(policy.name, when, _SHOWN_AS, providers(meant), "so nothing goes"))
    yield from found
    if not found and meant and not _any(when, meant):
        yield "matches no account of the policy, so nothing goes; correct it, or the `labels` of an account", None


def _any(when: str, accounts: Sequence[AccountOptions]) -> bool:
    """Whether it is true of one of them; what depends on jobs or on the time may be."""
    from monitor.model import EventType
    from monitor.rules.samples import sample
    from monitor.rules.scope import Scope

    scope = Scope(when)
    if not scope.reads or any(path[0] != "account" for path in scope.reads):
        return True
    end = sample(EventType.JOB_FINISHED)
    shown = (
        {"name": each.name, "provider": each.provider, "region": each.location(), "labels": dict(each.labels)}
        for each in accounts
    )
    return any(scope.decide(replace(end, data={**end.data, "account": account})).matched for account in shown)
