"""What is right in itself and hardly meant: rules that never match, sinks nobody uses, events that nothing takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import combinations
from zoneinfo import ZoneInfo

from monitor.fields.window import closing, covered, next_time
from monitor.model import EventType
from monitor.model.lasting import heaviest
from monitor.rules.compile import Rule, RuleSet
from monitor.rules.expression.complaint import place
from monitor.rules.globs import matching_types, nearest
from monitor.rules.mistake import Path
from monitor.rules.options import OWNER, UNMATCHED, PersonOptions
from monitor.rules.overlap import LACKS, Condition

_ABOUT_PEOPLE = frozenset(each for each in EventType if each.partition(".")[0] in ("silence", "notification"))
"""What people did by themselves: nobody needs to be told."""
_START = datetime(2026, 1, 1, tzinfo=UTC)
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Finding:
    """`kind` is one word for programs; `rule` is "" for what is of no rule. `path` is the place in the config file;
    `line` and `column` (from 1) lie inside the text that stands there."""

    kind: str
    rule: str
    what: str
    remedy: str
    path: Path
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return f"{self.what}; {self.remedy}"


def lint(
    ruleset: RuleSet,
    sinks: Sequence[str] | None = None,
    people: Sequence[PersonOptions] = (),
    accounts: Mapping[str, str] | None = None,
) -> list[Finding]:
    """`sinks` and `people` in the order of the file; `accounts`: their providers by their names, left out where they
    are not known. Every finding is certain: what only may be so is not told. Loads the rule language where a rule has
    a condition."""
    names = list(sinks) if sinks is not None else sorted(ruleset.sinks)
    conditions = [Condition(rule, ruleset, accounts or {}) for rule in ruleset.rules]
    found = [finding for index, condition in enumerate(conditions) for finding in _rule(index, condition)]
    found += _pairs(conditions)
    found += _sinks(ruleset, names)
    found += _people(ruleset, people, accounts)
    found += _types(ruleset, conditions)
    return found


def _rule(index: int, condition: Condition) -> Iterator[Finding]:
    rule, path = condition.rule, ("rules", index)
    never = _never(condition)
    if never is not None:
        yield Finding("never-matches", rule.name, *never, (*path, "when"))
    else:
        strange = list(_compared(condition, path))
        if not condition.matching & condition.named and not strange:
            what = f"never matches: {' and '.join(dict.fromkeys(condition.hopeless.values()))}"
            yield Finding("never-matches", rule.name, what, "mend `on` or `when`", (*path, "when"))
        elif condition.matching & condition.named:
            yield from _hopeless(condition, path)
        yield from strange
    if condition.reading is not None and condition.reading.constant is True:
        yield Finding("always-true", rule.name, "`when` is always true", "leave it out", (*path, "when"))
    yield from _windows(rule, path)
    digest = rule.options.digest
    if digest is not None and rule.options.mute:
        times, moment = [], _START
        for _ in range(8):
            moment = next_time(digest.at, digest.days, ZoneInfo(digest.timezone), moment)
            times.append(moment)
        windows = [gate.window for gate in rule.mute if gate.but is None]
        if all(closing(windows, each) is not None for each in times):
            what = "its `mute` window is open whenever its report is due, so that it always comes when that closes"
            yield Finding("muted-digest", rule.name, what, "move `digest.at`, or the window", (*path, "mute"))


def _windows(rule: Rule, path: Path) -> Iterator[Finding]:
    """Windows that lie in those of the other kind."""
    why = {
        "hold": "its `hold` window lies wholly inside `mute`: nothing is told then anyway",
        "mute": "its `mute` window lies wholly inside `hold`, which keeps everything then anyway",
    }
    covering = {"hold": rule.mute, "mute": rule.hold}
    for key, gates in (("mute", rule.mute), ("hold", rule.hold)):
        idle = []
        for index, gate in enumerate(gates):
            around = [each.window for each in covering[key] if each.window.but in (None, gate.window.but)]
            if around and covered(gate.window, around):
                idle.append(index)
                yield Finding(
                    "idle-window", rule.name, why[key], "leave one of the two out, or move it", (*path, key, index)
                )
        if len(idle) == len(gates) and idle:
            return  # of two that are the same one is told


def _never(condition: Condition) -> tuple[str, str] | None:
    reading = condition.reading
    if reading is None:
        return None
    if reading.constant is False:
        return "never matches: `when` is always false", "mend the condition, or remove the rule"
    if any(why != LACKS for why in condition.hopeless.values()) or condition.matching & condition.named:
        return None
    types, needs = condition.named, " and ".join(sorted(reading.needs))
    what = f"never matches: {_listed(types)} {'have' if len(types) > 1 else 'has'} no {needs}"
    return what, "mend `on` or `when`"


def _hopeless(condition: Condition, path: Path) -> Iterator[Finding]:
    """Of types that are named one by one: behind a glob it is what the glob is for."""
    rule = condition.rule
    for place_, pattern in enumerate(rule.options.on):
        if "*" not in pattern and (types := matching_types(pattern) & condition.hopeless.keys()):
            why = condition.hopeless[next(iter(types))]
            what = f"never matches {_listed(types)}: {why}"
            yield Finding("never-matches-type", rule.name, what, "take it out of `on`", (*path, "on", place_))


def _compared(condition: Condition, path: Path) -> Iterator[Finding]:
    rule = condition.rule
    for compared in condition.reading.compared if condition.reading is not None else ():
        known = condition.domain(compared.path)
        for text in compared.texts if known else ():
            if not known or text in known:
                continue
            near = nearest(text, known)
            remedy = f"did you mean {near}?" if near else f"it can be {', '.join(sorted(known))}"
            what = f"`{'.'.join(compared.path)}` is never {text!r} here"
            line, column = place(str(rule.options.when), compared.offset)
            yield Finding("never-equal", rule.name, what, remedy, (*path, "when"), line, column)


def _pairs(conditions: Sequence[Condition]) -> Iterator[Finding]:
    """Rules that a rule before them leaves nothing, or that tell the same to the same."""
    places = {condition.rule.name: index for index, condition in enumerate(conditions)}
    shadowed: set[str] = set()
    for first, second in combinations(conditions, 2):
        a, b = first.rule, second.rule
        path: Path = ("rules", places[b.name])
        if b.name in shadowed or a.name in shadowed:  # what never gets its turn tells nothing twice
            continue
        if a.options.stop and second.matching and second.matching <= first.matching and second.implies(first):
            shadowed.add(b.name)
            what = f"is never reached: {a.name!r} takes all that it could take, and says `stop`"
            yield Finding("shadowed", b.name, what, f"move it before {a.name!r}, or narrow that", path)
        elif not a.options.stop and (told := _told_twice(first, second)):
            what = f"tells {told}, which {a.name!r} does too"
            yield Finding("twice", b.name, what, "narrow one of the two, or let the first say `stop`", path)


def _told_twice(first: Condition, second: Condition) -> str:
    """What both tell to the same; "" where that is nothing, or not certain."""
    a, b = first.rule, second.rule
    shared = first.matching & second.matching
    same = [sink for sink in b.options.notify if sink in a.options.notify]
    if (
        not shared & (first.named | second.named)
        or not same
        or not _alike(a, b)
        or not (first.implies(second) or second.implies(first))
    ):
        return ""
    return f"{_listed(shared)} to {', '.join(map(repr, same))}"


def _alike(first: Rule, second: Rule) -> bool:
    """Whether both tell an event in the same manner: one at once and one in a report is no repetition."""
    a, b = first.options, second.options
    return (
        not (a.shadow or b.shadow)
        and a.lasting == b.lasting
        and a.digest == b.digest
        and (a.hold, a.mute) == (b.hold, b.mute)
    )


def _sinks(ruleset: RuleSet, sinks: Sequence[str]) -> Iterator[Finding]:
    used = set(ruleset.unmatched.notify) if ruleset.unmatched is not None else set()
    asked = False
    for rule in ruleset.rules:
        told = [*rule.options.notify, *(rule.options.fallback or ())]
        told += [name for step in rule.options.escalate or () for name in step.notify]
        used |= set(told)
        asked = asked or OWNER in told
    if asked:
        used |= {sink for those in ruleset.people.values() for sink in those}
    for index, sink in enumerate(sinks):
        if sink not in used:
            what = f"nobody uses the sink {sink!r}"
            yield Finding("unused-sink", "", what, "name it in a rule, or remove it", ("sinks", index))


def _people(ruleset: RuleSet, people: Sequence[PersonOptions], accounts: Mapping[str, str] | None) -> Iterator[Finding]:
    askers = [
        (index, rule)
        for index, rule in enumerate(ruleset.rules)
        if OWNER in [*rule.options.notify, *(name for step in rule.options.escalate or () for name in step.notify)]
    ]
    for index, rule in askers:
        if not ruleset.people and not rule.options.fallback:
            what = "asks for `owner`, and there is nobody in `people`"
            yield Finding(
                "owner-without-people", rule.name, what, "add people, or `fallback`", ("rules", index, "notify")
            )
    if ruleset.people and not askers:
        what = "no rule names `owner`, so nobody in `people` is ever told"
        yield Finding("unused-people", "", what, "write owner in `notify` of a rule", ("people",))
    known = frozenset(accounts.values()) if accounts else frozenset()
    for index, person in enumerate(people):
        providers = {identity.partition(":")[0] for identity in person.ids}
        if known and not providers & known:
            what = f"no job can be of {person.name!r}: no account is of {', '.join(sorted(providers))}"
            yield Finding(
                "unreachable-person", "", what, "mend the ids, or remove the person", ("people", index, "ids")
            )


def _types(ruleset: RuleSet, conditions: Sequence[Condition]) -> Iterator[Finding]:
    taken = {each for condition in conditions if not condition.rule.options.shadow for each in condition.matching}
    least = ruleset.unmatched.min_severity if ruleset.unmatched is not None else None
    lost = [
        each
        for each in EventType
        if each not in taken | _ABOUT_PEOPLE | {EventType.FLAVOR_FLAPPING}
        and (least is None or heaviest(each).rank < least.rank)
    ]
    if lost:
        net = f"{UNMATCHED} begins at {least.value}" if least is not None else f"there is no `{UNMATCHED}`"
        what = f"no rule takes {_families(lost)}, and {net}"
        remedy = "add a rule, or lower `min_severity`" if least is not None else f"add `{UNMATCHED}`, or a rule"
        yield Finding("untaken", "", what, remedy, (UNMATCHED,))


def _families(lost: Sequence[EventType]) -> str:
    """`sink.*` where all of them are among the lost."""
    words = {}
    for each in lost:
        family = each.value.partition(".")[0]
        whole = {every for every in EventType if every.value.startswith(f"{family}.")} <= {*lost}
        words[f"{family}.*" if whole else each.value] = True
    return ", ".join(words)


def _listed(types: Sequence[EventType] | frozenset[EventType], most: int = _SHOWN) -> str:
    words = [each.value for each in EventType if each in types]
    more = len(words) - most
    return ", ".join(words if more <= 0 else [*words[:most], f"{more} more"])
