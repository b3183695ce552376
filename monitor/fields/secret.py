"""A secret that cannot be printed: `repr`, `str`, f-strings, JSON and tracebacks show `***`."""

from __future__ import annotations

from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema


class Deferred(str):
    """A text whose references were not put in. A secret takes it as missing, any other field as it stands.

    `taken` says afterwards whether a secret took it.
    """

    __slots__ = ("missing", "taken")
    missing: str
    taken: bool

    def __new__(cls, text: str, missing: str) -> Deferred:
        made = super().__new__(cls, text)
        made.missing = missing
        made.taken = False
        return made


class Secret:
    """Holds one secret text. `reveal()` is the only way to it; comparing is by value, hashing too."""

    __slots__ = ("__text", "missing")

    def __init__(self, text: str, *, missing: str | None = None) -> None:
        self.__text = text
        self.missing = missing
        """Why it could not be resolved; `reveal` then raises LookupError with this text."""

    def reveal(self) -> str:
        """The text. Raises LookupError where it stands for a reference that was not resolved."""
        if self.missing is not None:
            raise LookupError(self.missing)
        return self.__text

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self.__text == other.__text

    def __hash__(self) -> int:
        return hash(self.__text)

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: Any) -> Secret:
        return self

    def __reduce__(self) -> Any:
        raise TypeError("a secret is not pickled")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls._validate, serialization=core_schema.plain_serializer_function_ser_schema(lambda value: "***")
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "writeOnly": True}

    @classmethod
    def _validate(cls, value: Any) -> Secret:
        if isinstance(value, Secret):
            return value
        if isinstance(value, Deferred):
            value.taken = True
            return cls(str(value), missing=value.missing)
        if isinstance(value, str) and value:
            return cls(value)
        raise ValueError("expected a non-empty text, best as ${env:NAME}, ${file:/path} or ${credential:NAME}")
