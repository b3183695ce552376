"""Turns the options of rules, people and the net into a RuleSet, or into the list of all mistakes in them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from monitor.model import EventType
from monitor.rules.contradictions import contradictions
from monitor.rules.globs import matching_types, nearest
from monitor.rules.holding import STOCK
from monitor.rules.mistake import Path, RuleErrors, RuleMistake
from monitor.rules.options import (
    OWNER,
    UNMATCHED,
    FlappingOptions,
    PersonOptions,
    RuleOptions,
    UnmatchedOptions,
    Window,
)

if TYPE_CHECKING:
    from monitor.rules.expression.complaint import Complaint
    from monitor.rules.expression.language import Expression, Language
    from monitor.rules.rehearsal import Rehearsal
    from monitor.rules.template import Template, Templates


@dataclass(frozen=True, slots=True)
class Gate:
    """A window of a rule, and the events for which it does not count."""

    window: Window
    but: Expression | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule that is ready to be held against events."""

    options: RuleOptions
    types: frozenset[EventType]
    when: Expression | None
    holds: Expression | None = None
    """`while`."""
    hold: tuple[Gate, ...] = ()
    mute: tuple[Gate, ...] = ()
    template: Template | None

    @property
    def name(self) -> str:
        return self.options.name


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """All rules, in the order of the file. `by_type` lets an event cost only the rules that can match it."""

    rules: tuple[Rule, ...]
    unmatched: UnmatchedOptions | None
    sinks: frozenset[str]
    people: dict[str, tuple[str, ...]]
    """`<provider>:<id>` -> sinks."""
    names: dict[str, str]
    """What people are called, by `<provider>:<id>`."""
    ending: frozenset[str] = frozenset()
    """Sinks that are told the end of every state whose begin they were told, whatever the rule says of `resolved`."""
    flapping: FlappingOptions | None = None
    by_type: dict[EventType, tuple[Rule, ...]] = field(default_factory=dict)
    digests: tuple[Rule, ...] = ()
    by_name: dict[str, Rule] = field(default_factory=dict)
    _lexicon: Lexicon = field(default_factory=lambda: Lexicon(), repr=False, compare=False)

    @classmethod
    def compile(
        cls,
        rules: Sequence[RuleOptions],
        people: Sequence[PersonOptions],
        unmatched: UnmatchedOptions | None,
        sinks: Collection[str],
        flapping: FlappingOptions | None = None,
        *,
        unread: Mapping[int, Collection[str]] = MappingProxyType({}),
        beside: RuleSet | None = None,
        ending: Collection[str] = (),
    ) -> RuleSet:
        """Raises RuleErrors with every mistake that can be seen before an event comes. `unread`: keys of rules, by the
        rule's index, that stand in the file and are wrong in themselves, so that these rules are not whole. `beside`: a
        set that hears the same events; an event is made ready for both at once."""
        workshop = _Workshop(sinks, unread, Lexicon() if beside is None else beside._lexicon)
        made = [workshop.rule(index, options) for index, options in enumerate(rules)]
        workshop.names(rules)
        workshop.people(people)
        if unmatched is not None:
            workshop.notify(("unmatched", "notify"), unmatched.notify, owner=False)
        if workshop.mistakes:
            raise RuleErrors(workshop.mistakes)
        return cls(
            rules=tuple(made),
            unmatched=unmatched,
            sinks=frozenset(sinks),
            people=_directory(people),
            names={identity: person.name for person in reversed(people) for identity in person.ids},
            ending=frozenset(ending),
            flapping=flapping,
            by_type={each: tuple(rule for rule in made if each in rule.types) for each in EventType},
            digests=tuple(rule for rule in made if rule.options.digest is not None),
            by_name={rule.name: rule for rule in made},
            _lexicon=workshop.lexicon,
        )

    def named(self, name: str) -> Rule | None:
        return self.by_name.get(name)

    @property
    def language(self) -> Language:
        return self._lexicon.language

    def expression(self, source: str) -> Expression | None:
        """A text that was checked before, as of a silence; None where this version cannot read it any more."""
        return self._lexicon.expression(source)


class Lexicon:
    """The language of expressions, loaded once somebody needs it: most of the program never does, and it takes 9 MB."""

    def __init__(self) -> None:
        self._language: Language | None = None
        self._known: dict[str, Expression | None] = {}

    @property
    def language(self) -> Language:
        if self._language is None:
            from monitor.rules.expression.language import Language

            self._language = Language()
        return self._language

    def expression(self, source: str) -> Expression | None:
        from monitor.rules.expression.complaint import ExpressionError

        if source not in self._known:
            try:
                self._known[source] = self.language.compile(source)
            except ExpressionError:
                self._known[source] = None
        return self._known[source]


def _directory(people: Sequence[PersonOptions]) -> dict[str, tuple[str, ...]]:
    """An id that several people share reaches all of them."""
    found: dict[str, tuple[str, ...]] = {}
    for person in people:
        for identity in person.ids:
            found[identity] = tuple(dict.fromkeys((*found.get(identity, ()), *person.notify)))
    return found


class _Workshop:
    """Compiles one set; keeps the mistakes, and the language once a rule needs it."""

    def __init__(self, sinks: Collection[str], unread: Mapping[int, Collection[str]], lexicon: Lexicon) -> None:
        self.mistakes: list[RuleMistake] = []
        self.lexicon = lexicon
        self.templates: Templates | None = None
        self.rehearsal: Rehearsal | None = None
        self._whens: dict[str, Expression | tuple[Complaint, ...]] = {}
        self._sinks = sinks
        self._unread = unread

    def rule(self, index: int, options: RuleOptions) -> Rule:
        path: Path = ("rules", index)
        unread = self._unread.get(index, ())
        types = frozenset[EventType]().union(*(matching_types(pattern) for pattern in options.on))
        when = self._when((*path, "when"), options.when) if options.when is not None else None
        holds = self._when((*path, "while"), options.holds) if options.holds is not None else None
        self._told(path, options)
        self.mistakes += contradictions(options, types if "on" not in unread else frozenset(), path, unread)
        if types & STOCK and options.lasting is None:
            types |= {EventType.FLAVOR_FLAPPING}  # it is told instead of the changes that the rule takes
        template = None
        if options.title is not None or options.body is not None:
            sure = "on" not in unread and "when" not in unread and (when is not None or options.when is None)
            template = self._template(path, options, types, when, sure=sure)
        return Rule(
            options=options,
            types=types,
            when=when,
            holds=holds,
            hold=self._gates((*path, "hold"), options.hold),
            mute=self._gates((*path, "mute"), options.mute),
            template=template,
        )

    def _told(self, path: Path, options: RuleOptions) -> None:
        self.notify((*path, "notify"), options.notify, owner=True)
        self.notify((*path, "fallback"), options.fallback or (), owner=False)
        for index, step in enumerate(options.escalate or ()):
            self.notify((*path, "escalate", index, "notify"), step.notify, owner=True)

    def _gates(self, path: Path, windows: Sequence[Window] | None) -> tuple[Gate, ...]:
        return tuple(
            Gate(window, self._when((*path, index, "except"), window.but) if window.but is not None else None)
            for index, window in enumerate(windows or ())
        )

    def names(self, rules: Sequence[RuleOptions]) -> None:
        first: dict[str, int] = {}
        for index, options in enumerate(rules):
            if options.name == UNMATCHED:
                message = f"{UNMATCHED!r} is the name of the net below all rules; give the rule another name"
                self.mistakes.append(RuleMistake(("rules", index, "name"), message))
            elif options.name in first:
                message = f"rules[{first[options.name]}] is named {options.name!r} already; names must differ"
                self.mistakes.append(RuleMistake(("rules", index, "name"), message))
            first.setdefault(options.name, index)

    def people(self, people: Sequence[PersonOptions]) -> None:
        for index, person in enumerate(people):
            self.notify(("people", index, "notify"), person.notify, owner=False)

    def notify(self, path: Path, names: Sequence[str], *, owner: bool) -> None:
        for index, name in enumerate(names):
            if name in self._sinks or (owner and name == OWNER):
                continue
            near = nearest(name, [*self._sinks, *([OWNER] if owner else [])])
            if name == OWNER:
                right = "`owner` can stand in `notify` of rules only; name a sink"
            elif near:
                right = f"no sink is named {name!r}; did you mean {near}?"
            else:
                right = f"no sink is named {name!r}; there are {', '.join(sorted(self._sinks)) or 'none'}"
            self.mistakes.append(RuleMistake((*path, index), right))

    def _when(self, path: Path, source: str) -> Expression | None:
        found = self._compiled(source)
        if isinstance(found, tuple):
            self.mistakes += [RuleMistake(path, each.message, each.line, each.column) for each in found]
            return None
        return found

    def _compiled(self, source: str) -> Expression | tuple[Complaint, ...]:
        """Once for all rules that say the same; what is wrong with it otherwise."""
        from monitor.rules.expression.complaint import ExpressionError

        if source not in self._whens:
            try:
                self._whens[source] = self.lexicon.language.compile(source)
            except ExpressionError as error:
                self._whens[source] = error.complaints
        return self._whens[source]

    def _template(
        self, path: Path, options: RuleOptions, types: frozenset[EventType], when: Expression | None, *, sure: bool
    ) -> Template | None:
        # Loaded here: Jinja is needed by few, and takes longer than all the rest of the rules.
        from monitor.rules.rehearsal import END, Guard, Rehearsal, endings, occasions
        from monitor.rules.template import TemplateMistake, Templates

        if self.templates is None or self.rehearsal is None:
            self.templates, self.rehearsal = Templates(), Rehearsal()
        parts = {key: text for key, text in (("title", options.title), ("body", options.body)) if text is not None}
        right = True
        guard = Guard(str(options.when), when, self.lexicon.language) if when is not None else None
        for key, text in parts.items():
            try:
                made = self.templates.compile(**{key: text})
                for each, before, at in (
                    (types, guard, occasions(options)),
                    (endings(options, types, made), None, (END,)),
                ):
                    self.rehearsal.rehearse((key, text), made, each, before, at, sure=sure)
            except TemplateMistake as mistake:
                right = False
                self.mistakes.append(RuleMistake((*path, key), mistake.told, mistake.line, mistake.column))
        return self.templates.compile(**parts) if right else None
