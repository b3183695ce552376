"""What the daemon's polls make of the platform: the real diff between what a scenario tells and what was known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.diff import FlavorContext, JobContext, diff_flavor, diff_job, flavor_delisted, job_gone
from monitor.lab.platform import Site, TrackedFlavor, TrackedJob
from monitor.model import EventDraft

USUAL = timedelta(seconds=30)
"""Between two polls."""
LONG_AGO = timedelta(days=365)
"""When the account's baseline was taken: all that a scenario tells is news."""


@dataclass(frozen=True, slots=True)
class Look:
    """One poll: when, and when the last good one was."""

    now: datetime
    previous: datetime
    catch_up_after: timedelta

    @property
    def gap(self) -> bool:
        return self.now - self.previous > self.catch_up_after


def look_at(site: Site, look: Look) -> Iterator[EventDraft]:
    """Everything of the account that changed since somebody looked."""
    for tracked in site.jobs.values():
        if tracked.unseen:
            yield from see_job(tracked, look)
    for flavor in site.flavors.values():
        if flavor.unseen:
            yield from see_flavor(flavor, look)


def see_job(tracked: TrackedJob, look: Look) -> tuple[EventDraft, ...]:
    ctx = of_jobs(tracked, look)
    tracked.unseen = False
    if tracked.gone and tracked.known is not None:
        change = job_gone(tracked.known, ctx)
    else:
        found = diff_job(tracked.known, tracked.job, ctx)
        if found is None:
            return ()
        change = found
    tracked.known = change.known
    return change.drafts


def see_flavor(tracked: TrackedFlavor, look: Look, *, baselining: bool = False) -> tuple[EventDraft, ...]:
    ctx = FlavorContext(
        account=tracked.account,
        now=look.now,
        platform_now=look.now,
        previous_good=look.previous,
        gap=look.gap,
        baselining=baselining,
        first_run="silent",
        confirm=1,
    )
    tracked.unseen = False
    if not tracked.listed and tracked.known is not None:
        change = flavor_delisted(tracked.known, ctx)
    else:
        change = diff_flavor(tracked.known, tracked.flavor, ctx)
    if change is None:
        return ()
    tracked.known = change.known
    return change.drafts


def known_before(tracked: TrackedFlavor, zone: str, word: str, look: Look) -> None:
    """The stock of a zone that the scenario speaks of for the first time: as it must have been, and nobody is told."""
    was = replace(tracked.flavor, zones={**tracked.flavor.zones, zone: word})
    listed = replace(tracked, flavor=was)
    see_flavor(listed, look, baselining=True)
    tracked.flavor, tracked.known = was, listed.known


def of_jobs(tracked: TrackedJob, look: Look) -> JobContext:
    return JobContext(
        account=tracked.account,
        now=look.now,
        platform_now=look.now,
        previous_good=look.previous,
        gap=look.gap,
        baseline_from=look.now - LONG_AGO,
        baselining=False,
        first_run="silent",
        reports_usage=False,
    )
