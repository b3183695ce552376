"""The `cleanup` section of the config file: which finished jobs are deleted from their platform, when, and how many."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from monitor.fields.duration import Duration, Pause
from monitor.fields.strict import Named, Strict

DAY = 86400.0


class Keep(Strict):
    """The last finished jobs that are never deleted: of each model or name, or of those whose name fits a pattern."""

    count: Annotated[int, Field(ge=1)]
    """How many, the newest first."""
    per: Literal["account", "model", "name"] = "account"
    """What they are counted by; always within one account."""
    name: Annotated[str, Field(min_length=1)] | None = None
    """A glob (`prod-*`): only jobs of such a name are counted, and kept, by this."""

    @model_validator(mode="before")
    @classmethod
    def _has_keys(cls, value: Any) -> Any:
        if isinstance(value, Mapping | Strict):
            return value
        raise ValueError("needs its keys; write it like {count: 3, per: model} or {count: 5, name: prod-*}")


def _listed(value: Any) -> Any:
    return (
        [{"count": value}]
        if isinstance(value, int) and not isinstance(value, bool)
        else ([value] if isinstance(value, Mapping) else value)
    )


class CleanupOptions(Named):
    """One policy. Off by default: a dry run that says what it would delete."""

    accounts: Annotated[list[str], Field(min_length=1)] | None = None
    """Their names; left out: every account that may delete."""
    when: Annotated[str, Field(min_length=1)] | None = None
    """A CEL expression over `account job now`: which finished jobs; left out: all of them."""
    after: Pause = 7 * DAY
    """How long ago the job must have ended."""
    keep_last: Annotated[list[Keep], BeforeValidator(_listed), Field(min_length=1)] | None = None
    """Jobs that are kept whatever else is said; a number: so many of each account."""
    at_most: Annotated[int, Field(ge=1, le=1000)] = 20
    """Jobs that one run deletes at most, the oldest first."""
    every: Duration = 3600.0
    """How often it runs."""
    enabled: bool = False
    """Whether it deletes. Otherwise `jobs cleanup` shows what it would do."""
    require_delivered: Annotated[list[str], Field(min_length=1)] | None = None
    """Rules of which a message about the job's end must have been delivered first."""
