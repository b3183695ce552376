"""What an event costs in the rules: `python benchmarks/rules_events.py` prints microseconds for 1, 10, 100 rules.

Three kinds of rules: of other event types (the index passes them by), with a condition that does not hold, and with one
that holds, where each writes its message. The event is a finished job with everything in it.
"""

from __future__ import annotations

import time

from monitor.model import EventType
from monitor.rules import RuleOptions, RuleSet, RuleState, step
from monitor.rules.samples import sample

KINDS = {
    "other type": ("flavor.*", "flavor.zone == 'zone-{}'"),
    "no match": ("job.*", "job.state == 'failed' && job.tokens > 10 && job.name == 'name-{}'"),
    "match": ("job.finished", "job.state == 'failed' && job.duration > duration('{}s')"),
}


def rules(kind: str, count: int) -> RuleSet:
    on, when = KINDS[kind]
    made = [RuleOptions(name=f"r{n}", on=[on], when=when.format(n), notify=["sink"]) for n in range(count)]
    return RuleSet.compile(made, [], None, ["sink"])


def cost(ruleset: RuleSet, rounds: int) -> float:
    """Microseconds of one step in the least disturbed of fifteen runs."""
    event, state = sample(EventType.JOB_FINISHED), RuleState()
    runs = []
    for _ in range(15):
        began = time.perf_counter()
        for _ in range(rounds):
            step(ruleset, state, event)
        runs.append((time.perf_counter() - began) / rounds * 1e6)
    return min(runs)


def main() -> None:
    print(f"{'rules':>6}  " + "  ".join(f"{kind:>12}" for kind in KINDS) + "   (us per event)")
    for count in (1, 10, 100):
        figures = (cost(rules(kind, count), 2000 // count) for kind in KINDS)
        print(f"{count:>6}  " + "  ".join(f"{figure:>12.1f}" for figure in figures))


if __name__ == "__main__":
    main()
