"""Plays the steps of a case: what happens on the platforms, what people do, and how the time goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from monitor import __version__
from monitor.diff import monitor_started, monitor_stopped
from monitor.lab import people, told_events
from monitor.lab.case import Case, Given, Unplayable
from monitor.lab.days import Day
from monitor.lab.platform import Site
from monitor.lab.polls import USUAL, Look, look_at
from monitor.lab.sites import Sites
from monitor.lab.steps import (
    AccountStep,
    AckStep,
    ClockStep,
    EndSilenceStep,
    EventStep,
    FlavorStep,
    JobStep,
    RepeatStep,
    RestartStep,
    SilenceStep,
    SnoozeStep,
    StartStep,
    StopStep,
    UsageStep,
    WaitStep,
)
from monitor.lab.words import ACCOUNT_WORDS, EXPECTED
from monitor.model import EventDraft
from monitor.rules.globs import nearest
from monitor.rules.options import UNMATCHED

_WATCHES: Final = ("jobs", "training_flavors", "resource_flavors")


class Scenario:
    """One case in its day. Raises Unplayable where a step says what cannot be."""

    def __init__(self, case: Case) -> None:
        self.day = Day(case.ruleset, case.start)
        self.start = case.start
        self.silences: dict[str, people.Silence] = {}
        self._patience = case.catch_up_after
        self._rules = [*case.ruleset.by_name, UNMATCHED]
        self._sites = Sites(case.accounts)
        self._down_since: datetime | None = None
        self._place = ""

    def play(self, steps: Iterable[Given]) -> None:
        for given in steps:
            self._place = given.place
            step = given.step
            if isinstance(step, RepeatStep):
                for _ in range(step.repeat):
                    self.play(given.steps)
                continue
            try:
                _PLAYED[type(step)](self, step)
            except ValueError as error:
                raise Unplayable(f"{given.place}: {error}") from None

    def job(self, step: JobStep) -> None:
        for name in step.job.names:
            site = self._sites.of_job(name, step.account)
            tracked = self._sites.tell_job(site, name, step, self.day.now)
            self._seen(site, name, step.job.word, f"job/{tracked.job.id}")

    def flavor(self, step: FlavorStep) -> None:
        for name in step.flavor.names:
            site = self._sites.of_flavor(step.account)
            subject = self._sites.tell_flavor(site, name, step, self._look(site))
            self._seen(site, name, step.flavor.word, subject)

    def account(self, step: AccountStep) -> None:
        for name in step.account.names:
            self._account(self._sites.named(name), step)

    def _account(self, site: Site, step: AccountStep) -> None:
        name, word = site.account.name, step.account.word
        if word != "recovered":
            if site.blind_since is not None:
                raise ValueError(f"{name} cannot be seen already")
            self._happen([told_events.trouble(site.account, word, step, self.day.now)])
            site.blind_since, site.reason, site.trouble = self.day.now, step.reason, word
            return
        if site.blind_since is None:
            raise ValueError(f"{name} can be seen; only what `is {next(iter(ACCOUNT_WORDS))}` recovers")
        look = self._look(site)
        since, reason, site.blind_since = site.blind_since, site.reason, None
        drafts = [told_events.recovered(site.account, step, since, reason, site.trouble, self.day.now)]
        self._happen([*drafts, *look_at(site, look)])

    def usage(self, step: UsageStep) -> None:
        site = self._sites.of_job(step.usage.job, step.account)
        tracked = site.jobs.get(step.usage.job)
        if tracked is None or tracked.known is None:
            raise ValueError(f"no job is named {step.usage.job!r} yet; tell first that it runs")
        self._happen([told_events.usage(tracked, step.usage, self._look(site))])

    def event(self, step: EventStep) -> None:
        account = self._sites.named(step.account).account if step.account else self._sites.first().account
        self._happen([told_events.whole(step, account, self.day.now)])

    def wait(self, step: WaitStep) -> None:
        wait, now = step.wait, self.day.now
        until = now + timedelta(seconds=wait.seconds or 0.0)
        if wait.until is not None:
            until = wait.until.of(self.start, now)
            if until < now:
                raise ValueError(f"it is {now.astimezone(self.start.tzinfo).isoformat()} already")
        self.day.pass_until(until, before=True)

    def silence(self, step: SilenceStep) -> None:
        made = people.silence(step.silence, self.day.now, len(self.silences) + 1)
        if made.id in self.silences:
            raise ValueError(f"a silence {made.id!r} was added before; give this one another name")
        self.silences[made.id] = made
        self._happen([made.added(self.day.now)])

    def end_silence(self, step: EndSilenceStep) -> None:
        name = step.end_silence if step.end_silence != "last" else next(reversed(self.silences), "last")
        if name not in self.silences:
            raise ValueError(f"no silence is named {name!r}; there are: {', '.join(self.silences) or 'none'}")
        self._happen([self.silences[name].ended(step.by, self.day.now)])

    def answer(self, step: AckStep | SnoozeStep) -> None:
        self.day.pass_until(self.day.now)  # nobody answers what is not told yet
        rule = step.ack if isinstance(step, AckStep) else step.snooze
        if rule not in self._rules and (near := nearest(rule, self._rules)):
            raise ValueError(f"no rule is named {rule!r}; did you mean {near}?")
        self._happen([people.answer(step, self.day.told, self.day.now)])

    def stop(self, step: StopStep) -> None:
        self._must_run(True)
        self._happen([monitor_stopped(version=__version__, now=self.day.now, reason="SIGTERM")])
        self.day.pass_until(self.day.now)
        self.day.stop()
        self._down_since = self.day.now

    def begin(self, step: StartStep) -> None:
        self._must_run(False)
        unseen = [f"{site.account.name}|{watch}" for site in self._sites.all() for watch in _WATCHES]
        looks = [(site, self._look(site)) for site in self._sites.all() if site.blind_since is None]
        self._down_since = None
        self.day.start()
        self._happen([monitor_started(version=__version__, now=self.day.now)], unseen=unseen)
        self._happen([draft for site, look in looks for draft in look_at(site, look)])

    def restart(self, step: RestartStep) -> None:
        self.stop(StopStep(stop=True))
        self.begin(StartStep(start=True))

    def clock(self, step: ClockStep) -> None:
        self.day.set_clock(timedelta(seconds=step.clock))

    def _must_run(self, running: bool) -> None:
        if self.day.running is not running:
            raise ValueError("the daemon is stopped already" if running else "the daemon runs; `stop` comes first")

    def _look(self, site: Site) -> Look:
        """The poll that is made now. While nobody could look the last good one stays where it was."""
        blind = [since for since in (site.blind_since, self._down_since) if since is not None]
        previous = min(blind) if blind else self.day.now - USUAL
        return Look(self.day.now, previous, self._patience)

    def _seen(self, site: Site, name: str, word: str, subject: str) -> None:
        """Somebody looks, if somebody can; then the word must have come true."""
        if site.blind_since is not None or self._down_since is not None:
            return
        drafts = list(look_at(site, self._look(site)))
        if not any(draft.type in EXPECTED[word] and draft.subject == subject for draft in drafts):
            raise ValueError(self._sites.nothing_new(site, name, word))
        self._happen(drafts)

    def _happen(self, drafts: Iterable[EventDraft], unseen: Iterable[str] = ()) -> None:
        self.day.happen(drafts, unseen=unseen)


_PLAYED: Final[Mapping[type, Callable[[Scenario, Any], None]]] = {
    JobStep: Scenario.job,
    FlavorStep: Scenario.flavor,
    AccountStep: Scenario.account,
    UsageStep: Scenario.usage,
    EventStep: Scenario.event,
    WaitStep: Scenario.wait,
    SilenceStep: Scenario.silence,
    EndSilenceStep: Scenario.end_silence,
    AckStep: Scenario.answer,
    SnoozeStep: Scenario.answer,
    StopStep: Scenario.stop,
    StartStep: Scenario.begin,
    RestartStep: Scenario.restart,
    ClockStep: Scenario.clock,
}
