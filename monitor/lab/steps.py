"""What may stand under `given:` of a case: one step each, told in plain words or as a whole event."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from monitor.fields.duration import Duration, parse_duration
from monitor.fields.strict import Name, Strict
from monitor.lab.moments import Moment, moment
from monitor.lab.words import ACCOUNT_WORDS, FLAVOR_WORDS, JOB_WORDS, STOCK_WORDS, several, understood, zoned
from monitor.model import EventType, Severity
from monitor.rules.globs import nearest


@dataclass(frozen=True, slots=True)
class Sentence:
    """What a step says of whom."""

    names: tuple[str, ...]
    word: str


@dataclass(frozen=True, slots=True)
class Wait:
    """So many seconds, or until a moment."""

    seconds: float | None = None
    until: Moment | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """Tokens of a job, and what they cost."""

    job: str
    tokens: int
    cost: Decimal | None
    currency: str | None


def _sentence(words: Mapping[str, tuple[str, ...]]) -> BeforeValidator:
    def read(value: Any) -> Sentence:
        if not isinstance(value, str):
            raise ValueError("expected words, like `train-x, queues`")
        name, word = understood(value, words)
        return Sentence(tuple(several(name)), word)

    return BeforeValidator(read)


def _somewhere(said: Sentence) -> Sentence:
    """Stock is that of a zone."""
    for name in said.names:
        if said.word in STOCK_WORDS and zoned(name)[1] is None:
            raise ValueError(f"stock is that of a zone; write `{name} in ZONE, {FLAVOR_WORDS[said.word][0]}`")
    return said


def _wait(value: Any) -> Wait:
    if not isinstance(value, str):
        raise ValueError("expected how long, like 2h, or until when, like `until 08:00`")
    if value.strip().startswith("until "):
        return Wait(until=moment(value.strip().removeprefix("until ")))
    return Wait(seconds=parse_duration(value))


_FIGURE = re.compile(r"(.+?),\s*([0-9][0-9_]*) tokens(?:,\s*([0-9]+(?:\.[0-9]+)?) ([A-Z]{3}))?")


def _figure(value: Any) -> Figure:
    found = _FIGURE.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise ValueError("expected a job and its tokens, like `train-x, 1200000 tokens, 36.00 CNY`")
    cost = Decimal(found[3]) if found[3] is not None else None
    return Figure(found[1].strip(), int(found[2]), cost, found[4])


def _shift(value: Any) -> float:
    text = value.strip() if isinstance(value, str) else ""
    if not text.startswith(("+", "-")):
        raise ValueError("expected by how much the clock was set, like +1h or -30m")
    return parse_duration(text[1:]) * (-1 if text[0] == "-" else 1)


def _times(value: Any) -> int:
    text = str(value).removesuffix("times").strip()
    if isinstance(value, bool) or not text.isdigit() or not 1 <= int(text) <= 1000:
        raise ValueError("expected how often, from 1 to 1000")
    return int(text)


def _type(name: str) -> str:
    if name not in set(EventType):
        near = nearest(name, list(EventType))
        raise ValueError(f"no such event type; did you mean {near}?" if near else "no such event type")
    return name


def _switched(value: Any) -> Any:
    if value not in (None, True):
        raise ValueError("takes nothing behind it; write `- restart`, and `wait` for what follows")
    return True


def _text(*examples: str) -> WithJsonSchema:
    """What editors are told of something that is written as a text."""
    return WithJsonSchema({"type": "string", "examples": list(examples)})


_SWITCH = WithJsonSchema({"enum": [None, True]})


class JobStep(Strict):
    """`job: train-x, queues`, and facts of the job, which stay until they are told otherwise."""

    job: Annotated[Sentence, _sentence(JOB_WORDS), _text("train-x, queues", "train-{1..20}, fails")]
    account: Name | None = None
    id: str | None = None
    owner: str | None = None
    kind: str | None = None
    model: str | None = None
    base_model: str | None = None
    output_model: str | None = None
    flavor: str | None = None
    workspace: str | None = None
    nodes: int | None = None
    accelerators: float | None = None
    position: int | None = None
    """In the queue."""
    tokens: int | None = None
    error: str | None = None
    code: str | None = None
    url: str | None = None
    ago: Duration | None = None
    """It happened so long before it is seen."""


class FlavorStep(Strict):
    """`flavor: a.b.c in zone-1, sells out`."""

    flavor: Annotated[
        Sentence, _sentence(FLAVOR_WORDS), AfterValidator(_somewhere), _text("a.b.c in zone-1, sells out")
    ]
    account: Name | None = None
    name: str | None = None
    type: str | None = None


class AccountStep(Strict):
    """`account: north, is unreachable`."""

    account: Annotated[Sentence, _sentence(ACCOUNT_WORDS), _text("north, is unreachable")]
    watch: str = "jobs"
    reason: str | None = None


class UsageStep(Strict):
    """`usage: train-x, 1200000 tokens, 36.00 CNY`."""

    usage: Annotated[Figure, BeforeValidator(_figure), _text("train-x, 1200000 tokens, 36.00 CNY")]
    account: Name | None = None


class EventStep(Strict):
    """A whole event; what is left out is sensible."""

    event: Annotated[str, AfterValidator(_type), WithJsonSchema({"enum": [each.value for each in EventType]})]
    subject: str | None = None
    account: Name | None = None
    severity: Severity | None = None
    data: dict[str, Any] = Field(default_factory=dict)
    late: bool = False
    ago: Duration | None = None


class WaitStep(Strict):
    wait: Annotated[Wait, BeforeValidator(_wait), _text("2h", "until 08:00", "until sat 08:00")]


class NewSilence(Strict):
    match: Annotated[str, Field(min_length=1)]
    lasting: Annotated[Duration, Field(alias="for")]
    name: str | None = None
    owner: str = "somebody"
    comment: str = ""


class SilenceStep(Strict):
    silence: NewSilence


class EndSilenceStep(Strict):
    """Ends a silence early; by its name, or `last`."""

    end_silence: str
    by: str = "somebody"


class AckStep(Strict):
    """`ack: RULE`: the last message of that rule that waits for an answer."""

    ack: Name
    about: str | None = None
    by: str = "somebody"


class SnoozeStep(Strict):
    snooze: Name
    lasting: Annotated[Duration, Field(alias="for")]
    about: str | None = None
    by: str = "somebody"


class RestartStep(Strict):
    restart: Annotated[bool, BeforeValidator(_switched), _SWITCH]


class StopStep(Strict):
    """The daemon stops; what happens meanwhile is seen after `start`."""

    stop: Annotated[bool, BeforeValidator(_switched), _SWITCH]


class StartStep(Strict):
    start: Annotated[bool, BeforeValidator(_switched), _SWITCH]


class ClockStep(Strict):
    """The wall clock is set forward or back."""

    clock: Annotated[float, BeforeValidator(_shift), _text("+1h", "-30m")]


class RepeatStep(Strict):
    repeat: Annotated[int, BeforeValidator(_times), WithJsonSchema({"type": ["integer", "string"], "examples": [5]})]
    steps: Annotated[list[Any], Field(min_length=1)]


AnyStep = (
    JobStep
    | FlavorStep
    | AccountStep
    | UsageStep
    | EventStep
    | WaitStep
    | SilenceStep
    | EndSilenceStep
    | AckStep
    | SnoozeStep
    | RestartStep
    | StopStep
    | StartStep
    | ClockStep
    | RepeatStep
)
STEPS: Final[Mapping[str, type[AnyStep]]] = {
    "job": JobStep,
    "flavor": FlavorStep,
    "event": EventStep,
    "usage": UsageStep,
    "wait": WaitStep,
    "silence": SilenceStep,
    "end_silence": EndSilenceStep,
    "ack": AckStep,
    "snooze": SnoozeStep,
    "restart": RestartStep,
    "stop": StopStep,
    "start": StartStep,
    "clock": ClockStep,
    "repeat": RepeatStep,
    "account": AccountStep,
}
"""By the key that says what kind of step it is; `account` comes last, for other steps may name theirs."""
