"""What an event costs in the rules: `python benchmarks/rules_events.py` prints microseconds per event.

Three tables: one event against 1, 100 and 1,000 rules (of other types, with a condition that does not hold, with one
that does, where each writes its message, and where it only counts it); events while 1,000 and 10,000 timers wait; a
long history driven through the rules of a small house. The messages of the last two are counted and not written.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from monitor.model import Event, EventType
from monitor.rules import Engine, FlappingOptions, Heard, RuleOptions, RuleSet, RuleState, UnmatchedOptions, drive
from monitor.rules.samples import sample

KINDS = {
    "other type": ("flavor.*", "flavor.zone == 'zone-{}'"),
    "no match": ("job.*", "job.state == 'failed' && job.tokens > 10 && job.name == 'name-{}'"),
    "match": ("job.finished", "job.state == 'failed' && job.duration > duration('{}s')"),
}
HOUSE = [
    {"name": "ends", "on": ["job.finished"], "notify": ["a"], "group_by": ["account.name"]},
    {"name": "stuck", "on": ["job.queued"], "for": "2h", "remind_every": "6h", "notify": ["a"]},
    {"name": "stock", "on": ["flavor.*"], "when": "flavor.type == 'Ascend'", "throttle": "1h", "notify": ["b"]},
    {"name": "lost", "on": ["account.*"], "hold": {"between": ["22:00", "08:00"]}, "notify": ["b"]},
    {"name": "daily", "on": ["job.*"], "digest": {"at": "09:00"}, "notify": ["c"]},
]
LIVES = (EventType.JOB_SUBMITTED, EventType.JOB_QUEUED, EventType.JOB_STARTED, EventType.JOB_FINISHED)


def best(run: Callable[[], int], times: int) -> float:
    """Microseconds of one event in the least disturbed run; `run` says how many events it took."""
    figures = []
    for _ in range(times):
        began = time.process_time()
        count = run()
        figures.append((time.process_time() - began) / count * 1e6)
    return min(figures)


def rules(kind: str, count: int) -> RuleSet:
    on, when = KINDS[kind]
    made = [RuleOptions(name=f"r{n}", on=[on], when=when.format(n), notify=["sink"]) for n in range(count)]
    return RuleSet.compile(made, [], None, ["sink"])


def one_event(kind: str, count: int, *, wordless: bool = False) -> float:
    event = sample(EventType.JOB_FINISHED)
    engine = Engine(rules(kind, count), RuleState(), Heard(), wordless=wordless)
    rounds = max(3, 2000 // count)
    events = [replace(event, seq=seq) for seq in range(1, rounds + 1)]

    def run() -> int:
        for each in events:
            engine.take(each)
        return rounds

    return best(run, 4)


def amid_timers(count: int) -> tuple[float, float]:
    """An event of a job that nobody waits for, and one of a job that somebody does."""
    ruleset = RuleSet.compile([RuleOptions.model_validate(each) for each in HOUSE], [], None, ["a", "b", "c"])
    queued = sample(EventType.JOB_QUEUED)
    waiting = [replace(queued, seq=n, subject=f"job/{n}", time=queued.detected_at) for n in range(1, count + 1)]
    engine = Engine(ruleset, RuleState(), Heard(waiting), wordless=True)
    list(drive(engine, waiting))
    figures = []
    for subject in ("job/other", "job/7"):
        more = [
            replace(sample(EventType.JOB_CHECKPOINT), seq=count + n, subject=subject, detected_at=queued.detected_at)
            for n in range(1, 1001)
        ]
        figures.append(best(lambda more=more: len(list(drive(engine, more))) * 0 + len(more), 5))  # type: ignore[misc]
    return figures[0], figures[1]


def history(count: int) -> list[Event]:
    """Jobs that live for some hours and stock that comes and goes, 30 s apart."""
    begin, made = sample(EventType.JOB_QUEUED).detected_at, []
    for seq in range(1, count + 1):
        moment = begin + timedelta(seconds=30 * seq)
        if seq % 5 == 0:
            kind = EventType.FLAVOR_SOLD_OUT if seq % 10 else EventType.FLAVOR_RESTOCKED
            subject = f"flavor/f{seq // 10 % 40}/z"
        else:
            kind, subject = LIVES[seq // 50 % 4], f"job/{seq // 200}-{seq % 50}"
        made.append(replace(sample(kind), seq=seq, id=f"{seq:032x}", subject=subject, time=moment, detected_at=moment))
    return made


def driven(events: list[Event]) -> float:
    options = [RuleOptions.model_validate(each) for each in HOUSE]
    ruleset = RuleSet.compile(options, [], UnmatchedOptions(notify=["c"]), ["a", "b", "c"], FlappingOptions())
    engine = Engine(ruleset, RuleState(), Heard(events), wordless=True)
    began = time.process_time()
    for _ in drive(engine, events, events[-1].detected_at):
        pass
    assert engine.broken is None, engine.broken
    return time.process_time() - began


def main() -> None:
    print(f"{'rules':>6}  " + "  ".join(f"{kind:>12}" for kind in (*KINDS, "no words")) + "   (us per event)")
    for count in (1, 100, 1000):
        figures = [one_event(kind, count) for kind in KINDS] + [one_event("match", count, wordless=True)]
        print(f"{count:>6}  " + "  ".join(f"{figure:>12.1f}" for figure in figures))
    print("\ntimers  event of another job  of one that is waited for   (us per event)")
    for count in (1000, 10_000):
        other, own = amid_timers(count)
        print(f"{count:>6}  {other:>20.1f}  {own:>26.1f}")
    events = history(100_000)
    seconds = driven(events)
    print(f"\n{len(events):,} events through {len(HOUSE)} rules: {seconds:.1f} s, {seconds * 1e6 / len(events):.1f} us")


if __name__ == "__main__":
    main()
