"""The base of every configuration section: unknown keys are errors, values are frozen, inputs never show in errors."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, hide_input_in_errors=True)


Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]
"""An identity in the config file: accounts, sinks, rules."""


class Named(Strict):
    """Base of what is told apart by its name."""

    name: Name
    was: Name | None = None
    """What it was called before; it keeps all that is known under that name."""

    def alike(self, other: Named | None) -> bool:
        """Whether it says the same as the other one, whatever either was called before."""
        if other is None or type(self) is not type(other):
            return False
        return self.model_copy(update={"was": None}) == other.model_copy(update={"was": None})
