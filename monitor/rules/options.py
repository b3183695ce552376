"""What the config file may say of rules, of the net below them and of people; the settings room composes these."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    ModelWrapValidatorHandler,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from monitor.fields.strict import Name, Strict
from monitor.model import Severity
from monitor.rules.globs import known_pattern

OWNER = "owner"
"""In `notify`: whom `people` names for the job's creator."""
UNMATCHED = "unmatched"
"""The name under which the net tells what no rule took; no rule may bear it."""

LATER_KEYS = frozenset(
    {
        "for",
        "while",
        "remind_every",
        "group_by",
        "group_wait",
        "group_interval",
        "throttle",
        "hold",
        "mute",
        "escalate",
        "shadow",
        "was",
    }
)
"""Keys of rules that a later version brings."""

NonEmpty = Annotated[list[str], Field(min_length=1)]


class RuleOptions(Strict):
    """One rule: which events it takes, whom it tells and in what words."""

    name: Name
    on: Annotated[list[Annotated[str, AfterValidator(known_pattern)]], Field(min_length=1)]
    """Event types; `*` as a glob."""
    when: Annotated[str, StringConstraints(strip_whitespace=False, min_length=1)] | None = None
    """A CEL expression over `event account job previous flavor usage now severity`."""
    notify: NonEmpty
    """Names of sinks, or `owner`."""
    severity: Severity | None = None
    """Overrides the event's own."""
    title: str | None = None
    """Jinja2; one line."""
    body: str | None = None
    """Jinja2; Markdown."""
    stop: bool = False
    """No later rule is looked at when this one matches."""
    late: Literal["digest", "each"] = "digest"
    """How events are told that happened before the previous good poll: together or each by itself."""

    @model_validator(mode="wrap")
    @classmethod
    def _later_keys(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Answers keys of a later version by name, beside all other mistakes of the rule."""
        later = [key for key in value if key in LATER_KEYS] if isinstance(value, Mapping) else []
        if not later:
            return handler(value)
        mistakes = [
            InitErrorDetails(
                type=PydanticCustomError("not_supported_yet", f"`{key}` in a rule is not supported yet"),
                loc=(key,),
                input=value[key],
            )
            for key in later
        ]
        try:
            handler({key: item for key, item in value.items() if key not in LATER_KEYS})
        except ValidationError as error:
            mistakes += [_again(item) for item in error.errors(include_url=False)]
        raise ValidationError.from_exception_data(cls.__name__, mistakes)


def _again(error: ErrorDetails) -> InitErrorDetails:
    """The same mistake once more, as pydantic itself would word it."""
    return InitErrorDetails(type=error["type"], loc=error["loc"], input=error["input"], ctx=error.get("ctx", {}))


class UnmatchedOptions(Strict):
    """The net: who is told what no rule took, or what a rule took with nobody left to tell."""

    notify: NonEmpty
    min_severity: Severity = Severity.INFO


Identity = Annotated[str, StringConstraints(pattern=r"^[^:\s]+:.+$")]


class PersonOptions(Strict):
    """A person, the users that she is on the platforms (`<provider>:<id>`) and the sinks that reach her."""

    name: Annotated[str, Field(min_length=1)]
    ids: Annotated[list[Identity], Field(min_length=1)]
    notify: NonEmpty
