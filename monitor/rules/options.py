"""What the config file may say of rules, of the net below them and of people; the settings room composes these."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    StringConstraints,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from monitor.fields.duration import Duration, Pause, parse_duration
from monitor.fields.strict import Named, Strict
from monitor.fields.window import Days, TimeOfDay, WindowOptions, Zone
from monitor.model import Severity
from monitor.rules.globs import known_pattern

OWNER = "owner"
"""In `notify`: whom `people` names for the job's creator."""
UNMATCHED = "unmatched"
"""The name under which the net tells what no rule took; no rule may bear it."""

GROUP_WAIT = 30.0
GROUP_INTERVAL = 300.0

NonEmpty = Annotated[list[str], Field(min_length=1)]


Expression = Annotated[str, StringConstraints(strip_whitespace=False, min_length=1)]


class Window(WindowOptions):
    """A window of a rule, in which its messages are held back or dropped."""

    but: Annotated[Expression | None, Field(alias="except")] = None
    """CEL: events for which the window does not count."""


def _keyed(value: Any, otherwise: str) -> Any:
    if isinstance(value, Mapping | Strict):
        return value
    raise ValueError(otherwise)


class Step(Strict):
    """A step of an escalation: who else is told, and when."""

    after: Duration
    """Time since the first message."""
    notify: NonEmpty
    """Names of sinks, or `owner`."""

    @model_validator(mode="before")
    @classmethod
    def _has_keys(cls, value: Any) -> Any:
        return _keyed(value, "a step needs its keys; write it like {after: 30m, notify: [SINK]}")


class Digest(Strict):
    """When a report is made of what happened since the one before."""

    at: TimeOfDay
    """Local time of the day."""
    days: Days | None = None
    """`mon` to `sun`; left out: every day."""
    timezone: Zone = "UTC"
    """The time zone of `at` and `days`, like Asia/Shanghai."""

    @model_validator(mode="before")
    @classmethod
    def _has_keys(cls, value: Any) -> Any:
        return _keyed(value, 'a report needs its keys; write it like {at: "09:00", days: [mon]}')


def _listed(value: Any) -> Any:
    """What is no list is the only entry of one, a text too: the entry itself says then how it is written."""
    return [value] if isinstance(value, Mapping | str) else value


def _windows(value: Any) -> Any:
    """The two times of `["22:00", "08:00"]` are one window that lacks its key."""
    texts = isinstance(value, list) and bool(value) and all(isinstance(each, str) for each in value)
    return [value] if texts else _listed(value)


def _lasts(value: Any) -> Any:
    if isinstance(value, str) and value[:1] == "0" and parse_duration(value) == 0:
        raise ValueError(f"{value} is no time to wait; leave `for` out to tell at once")
    return value


class _OrOne:
    """A list that may be written as its only entry: tells that to editors."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        listed = handler(core)
        return {"anyOf": [listed, listed["items"]]}


Windows = Annotated[list[Window], BeforeValidator(_windows), Field(min_length=1), _OrOne()]
Steps = Annotated[list[Step], BeforeValidator(_listed), Field(min_length=1), _OrOne()]


class RuleOptions(Named):
    """One rule: which events it takes, whom it tells, when and in what words."""

    on: Annotated[list[Annotated[str, AfterValidator(known_pattern)]], Field(min_length=1)]
    """Event types; `*` as a glob."""
    when: Expression | None = None
    """A CEL expression over `event account job previous flavor usage now severity`."""
    lasting: Annotated[Duration | None, BeforeValidator(_lasts), Field(alias="for")] = None
    """How long the state that the event set must last before it is told. It is told once; an event that ends the state
    before ends the waiting too."""
    holds: Annotated[Expression | None, Field(alias="while")] = None
    """CEL, held against the newest event of the subject: as soon as it is not true, the waiting (`for`) and the
    reminders (`remind_every`) end."""
    notify: NonEmpty
    """Names of sinks, or `owner`."""
    fallback: NonEmpty | None = None
    """Sinks that are told where `owner` names nobody."""
    severity: Severity | None = None
    """Overrides the event's own."""
    title: str | None = None
    """Jinja2; one line."""
    body: str | None = None
    """Jinja2; Markdown."""
    remind_every: Duration | None = None
    """Tells it again in this interval until the state ends, or somebody acknowledges it."""
    resolved: bool | None = None
    """Tells those who were told when the state ends. Default: where `remind_every` stands."""
    group_by: list[str] | None = None
    """Fields, like `account.name`: events that have the same values are told as one. `[]`: all of the rule."""
    group_wait: Pause | None = None
    """How long a new group waits for more. Default 30s; `0s`: not at all."""
    group_interval: Duration | None = None
    """How long a group that was told waits until it tells what came since. Default 5m."""
    throttle: Duration | None = None
    """At most one message in this time for each subject (with `group_by`: for each group); what comes meanwhile is told
    as one at its end."""
    hold: Windows | None = None
    """Windows in which everything is kept; it is told as one digest when the window closes."""
    mute: Windows | None = None
    """Windows in which nothing is told; what still holds when the window closes is told then."""
    escalate: Steps | None = None
    """Who else is told when nobody acknowledges the message."""
    digest: Digest | None = None
    """Nothing is told at once; a report at this time says what came of all that the rule took since the last one."""
    stop: bool = False
    """No later rule is looked at when this one matches."""
    shadow: bool = False
    """On trial: what it would send is stored and sent to nobody."""
    late: Literal["digest", "each"] = "digest"
    """How events are told that happened before the previous good poll: together or each by itself."""

    @property
    def follows(self) -> bool:
        """Whether a message of this rule is looked after once it was told."""
        return self.remind_every is not None or self.escalate is not None or self.resolves

    @property
    def resolves(self) -> bool:
        return self.remind_every is not None if self.resolved is None else self.resolved

    @property
    def gathers(self) -> bool:
        """Whether its events are told in groups."""
        return self.group_by is not None or self.throttle is not None


class UnmatchedOptions(Strict):
    """The net: who is told what no rule took, or what a rule took with nobody left to tell."""

    notify: NonEmpty
    min_severity: Severity = Severity.INFO


class FlappingOptions(Strict):
    """When a stock changes too often to be worth a message each."""

    changes: Annotated[int, Field(ge=3, le=100)] = 6
    """So many changes …"""
    within: Duration = 3600.0
    """… in this time are told as one `flavor.flapping`; it is over when nothing changed for as long."""


Identity = Annotated[str, StringConstraints(pattern=r"^[^:\s]+:.+$")]


class PersonOptions(Strict):
    """A person, the users that she is on the platforms (`<provider>:<id>`) and the sinks that reach her."""

    name: Annotated[str, Field(min_length=1)]
    ids: Annotated[list[Identity], Field(min_length=1)]
    notify: NonEmpty
