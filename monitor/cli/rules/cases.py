"""Reads files of cases: strictly, every mistake with its place, before anything is played."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path as FilePath
from typing import Any, TypeVar

from pydantic import ValidationError

from monitor.cli.rules.rulesets import Home, RuleSets
from monitor.lab.case import Case, Given, Wanted, WantedHidden
from monitor.lab.options import CaseOptions, Expectation, FileOptions, HiddenExpectation, listed
from monitor.lab.steps import STEPS, RepeatStep, SilenceStep
from monitor.settings.document import Document, read_document
from monitor.settings.problems import ConfigErrors, Path, Problem
from monitor.settings.sections import Reader
from monitor.settings.source import read_text

E = TypeVar("E", Expectation, HiddenExpectation)
S = TypeVar("S", FileOptions, CaseOptions)
_ANY: Mapping[str, Any] = {"name": "?", "given": ["restart"], "expect": "nothing", "cases": [None]}
"""What stands in for what is wrong, so that the rest is looked through too; nothing of it is played."""


def read_cases(path: FilePath, config: FilePath | None) -> list[Case]:
    """The cases of a file. `config`: whose rules are tried where the file names none. Raises ConfigErrors."""
    file = str(path)
    if not path.exists():
        raise ConfigErrors([Problem(file, 1, 1, "", "there is no such file of cases")])
    document = read_document(file, read_text(path), needs=("cases",))
    cases = _Cases(document, config)
    made = list(cases.read())
    problems = [*document.problems, *cases.reader.problems]
    if problems:
        raise ConfigErrors(problems)
    return made


def files_in(path: FilePath) -> list[FilePath]:
    """A folder stands for all files of cases in it. Raises ConfigErrors where there are none."""
    found = sorted(each for each in path.rglob("*") if each.suffix in (".yaml", ".yml") and each.is_file())
    if not found:
        raise ConfigErrors([Problem(str(path), 1, 1, "", "no file in it ends with .yaml or .yml")])
    return found


class _Cases:
    def __init__(self, document: Document, config: FilePath | None) -> None:
        self.reader = Reader(document, document.data)
        self._document = document
        self._rulesets = RuleSets(document, self.reader, config)

    def read(self) -> Iterator[Case]:
        whole = self._readable(FileOptions, self._document.data, ())
        if whole is None:
            return
        home = self._rulesets.home(whole, (), None)
        for index, entry in enumerate(whole.cases):
            at: Path = ("cases", index)
            case = self._readable(CaseOptions, entry, at) if at in self._document.values else None
            if case is not None:
                made = self._case(case, at, home, whole.start)
                if made is not None:
                    yield made

    def _readable(self, model: type[S], data: Any, at: Path) -> S | None:
        """What can be read of it, where something is wrong with it."""
        made = self.reader.model(model, data, at)
        if made is not None or not isinstance(data, Mapping):
            return made
        try:
            model.model_validate(data)
        except ValidationError as error:
            wrong = {item["loc"][0] for item in error.errors() if item["loc"]}
            right = {key: value for key, value in data.items() if key not in wrong}
            fields = {key: value for key, value in _ANY.items() if key in model.model_fields}
            with suppress(ValidationError):
                return model.model_validate({**fields, **right})
        return None

    def _case(self, options: CaseOptions, at: Path, home: Home, start: datetime | None) -> Case | None:
        given = tuple(self._steps(options.given, (*at, "given")))
        expected = tuple(
            Wanted(line, each) for line, each in self._expected(Expectation, options.expect, (*at, "expect"))
        )
        hidden = None
        if options.hidden is not None:
            found = self._expected(HiddenExpectation, options.hidden, (*at, "hidden"))
            hidden = tuple(WantedHidden(line, each) for line, each in found)
        own = self._rulesets.home(options, at, home)
        ready = self._rulesets.ready(own)
        if ready is None:
            return None
        return Case(
            name=options.name,
            file=self._document.file,
            line=self._line(at),
            start=options.start if "start" in options.model_fields_set or start is None else start,
            ruleset=ready.ruleset,
            accounts=ready.accounts,
            given=given,
            expected=expected,
            hidden=hidden,
            catch_up_after=ready.catch_up_after,
        )

    def _steps(self, entries: list[Any], at: Path) -> Iterator[Given]:
        for index, entry in enumerate(entries):
            here = (*at, index)
            step = {entry: None} if isinstance(entry, str) else entry
            if not self._is_mapping(step, here):
                continue
            kind = next((key for key in STEPS if key in step), None)
            if kind is None:
                self._say(here, _no_step(list(step)), at_key=True)
                continue
            made = self.reader.model(STEPS[kind], step, here)
            if isinstance(made, SilenceStep):
                self._expression(made.silence.match, (*here, "silence", "match"))
            if made is not None:
                inner = tuple(self._steps(made.steps, (*here, "steps"))) if isinstance(made, RepeatStep) else ()
                yield Given(str(self._document.problem(here, "")).removesuffix(": "), made, inner)

    def _expression(self, match: str, at: Path) -> None:
        from monitor.rules.expression.complaint import ExpressionError
        from monitor.rules.expression.language import Language  # with the library, which most files need not

        try:
            Language().compile(match)
        except ExpressionError as error:
            for each in error.complaints:
                self.reader.problems.append(self._document.problem(at, each.message, inner=(each.line, each.column)))

    def _expected(self, model: type[E], value: Any, at: Path) -> Iterator[tuple[int, E]]:
        try:
            entries = listed(value)
        except ValueError as error:
            self._say(at, str(error))
            return
        for index, entry in enumerate(entries):
            here = (*at, index) if isinstance(value, list) else at
            if not self._is_mapping(entry, here):
                continue
            made = self.reader.model(model, entry, here)
            if made is not None:
                yield self._line(here), made

    def _is_mapping(self, entry: Any, at: Path) -> bool:
        if isinstance(entry, Mapping):
            return True
        self._say(at, "expected a mapping (`key: value` lines)")
        return False

    def _say(self, at: Path, message: str, *, at_key: bool = False) -> None:
        self.reader.problems.append(self._document.problem(at, message, at_key=at_key))

    def _line(self, at: Path) -> int:
        return self._document.problem(at, "").line


def _no_step(keys: list[str]) -> str:
    from monitor.rules.globs import nearest

    near = next((found for key in keys if (found := nearest(key, list(STEPS)))), None)
    hint = f"did you mean `{near}`?" if near else f"a step begins with one of: {', '.join(STEPS)}"
    return f"no step begins with `{keys[0]}`; {hint}" if keys else f"says nothing; {hint}"
