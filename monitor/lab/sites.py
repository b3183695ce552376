"""The accounts of a scenario: which one a step means, and what the step changes there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from monitor.lab import platform
from monitor.lab.case import NORTH
from monitor.lab.platform import Site, TrackedFlavor, TrackedJob
from monitor.lab.polls import Look, known_before, see_flavor
from monitor.lab.steps import FlavorStep, JobStep
from monitor.lab.words import STOCK_WORDS, zoned
from monitor.model import Account
from monitor.rules.globs import nearest


class Sites:
    """`accounts`: who may be named; empty: anybody, and whoever is named is one on ModelArts."""

    def __init__(self, accounts: Iterable[Account]) -> None:
        self._sites = {account.name: Site(account) for account in accounts}
        self._open = not self._sites

    def all(self) -> list[Site]:
        return list(self._sites.values())

    def first(self) -> Site:
        return next(iter(self._sites.values()), None) or self.named(NORTH.name)

    def named(self, name: str) -> Site:
        site = self._sites.get(name)
        if site is None and not self._open:
            near = nearest(name, list(self._sites))
            hint = f"did you mean {near}?" if near else f"there are: {', '.join(self._sites)}"
            raise ValueError(f"no account is named {name!r}; {hint}")
        if site is None:
            site = self._sites[name] = Site(replace(NORTH, name=name))
        return site

    def of_job(self, name: str, account: str | None) -> Site:
        """The account that is named, else where the job was told of before, else the first."""
        if account is not None:
            return self.named(account)
        having = [site for site in self._sites.values() if name in site.jobs]
        if len(having) > 1:
            there = " and ".join(site.account.name for site in having)
            raise ValueError(f"{name!r} is a job of {there}; say which with `account:`")
        return having[0] if having else self.first()

    def of_flavor(self, account: str | None) -> Site:
        """The account that is named, else the first whose platform has flavors."""
        if account is not None:
            return self.named(account)
        having = (site for site in self._sites.values() if site.account.provider != platform.STUDIO)
        return next(having, None) or self.first()

    def tell_job(self, site: Site, name: str, step: JobStep, now: datetime) -> TrackedJob:
        """What the step says is so from now on."""
        tracked = site.jobs.get(name)
        if tracked is None:
            if step.job.word == "gone":
                raise ValueError(f"no job is named {name!r} yet, so it cannot be gone")
            made = platform.new_job(site.account, name, step, now)
            tracked = site.jobs[name] = TrackedJob(site.account, made)
        tracked.job = platform.moved(site.account, tracked.job, step, now)
        tracked.gone = step.job.word == "gone"
        tracked.unseen = True
        return tracked

    def tell_flavor(self, site: Site, name: str, step: FlavorStep, look: Look) -> str:
        """What the step says is so from now on. The subject of the event that comes of it."""
        flavor, zone = zoned(name)
        word = step.flavor.word
        stock = word in STOCK_WORDS
        tracked = site.flavors.get(flavor)
        if tracked is None:
            tracked = site.flavors[flavor] = TrackedFlavor(site.account, platform.new_flavor(flavor, step))
            if word == "delisted":
                see_flavor(tracked, look, baselining=True)
        if stock and zone is not None and zone not in tracked.flavor.zones:
            known_before(tracked, zone, platform.opposite(word), look)
        tracked.flavor = platform.stocked(tracked.flavor, zone, word, step)
        tracked.listed = word != "delisted"
        tracked.unseen = True
        return f"flavor/{flavor}/{zone}" if stock else f"resource-flavor/{flavor}"

    def nothing_new(self, site: Site, name: str, word: str) -> str:
        """Why a step comes to nothing."""
        tracked = site.jobs.get(name)
        if tracked is None or tracked.known is None:
            return f"{name} is so already; nothing comes of this step"
        return f"{name} is {tracked.job.state.value}, and no `{word}` comes of this step; leave it out"
