"""What an account on Model Studio says in the config file; read by settings, used by `provider.py`."""

from __future__ import annotations

import re
from datetime import UTC, timedelta, timezone, tzinfo
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, field_validator
from pydantic.json_schema import SkipJsonSchema
from yarl import URL

from monitor.fields import Secret
from monitor.fields.strict import Strict
from monitor.providers.model_studio.regions import region_of
from monitor.providers.options import AccountOptions, JobsWatch, WatchOptions

BEIJING = "https://dashscope.aliyuncs.com/api/v1"
_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})")


def zone(text: str) -> tzinfo:
    """The zone of `+08:00`, `UTC` or `Asia/Shanghai`. Raises ValueError that says what would be right."""
    if text.upper() in ("UTC", "Z"):
        return UTC
    if offset := _OFFSET.fullmatch(text):
        sign, hours, minutes = offset.groups()
        delta = timedelta(hours=int(hours), minutes=int(minutes))
        if int(minutes) < 60 and delta <= timedelta(hours=14):
            return timezone(-delta if sign == "-" else delta)
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{text!r} is no time zone; write +08:00, UTC or a name like Asia/Shanghai") from None


def _checked_zone(text: str) -> str:
    zone(text)
    return text


def _checked_endpoint(text: str) -> str:
    right = f"write it like {BEIJING}"
    try:
        url = URL(text)
        port = url.port
    except ValueError:
        raise ValueError(f"no URL; {right}") from None
    if url.scheme not in ("http", "https") or not url.host or port is None:
        raise ValueError(f"no http or https URL; {right}")
    if url.user is not None or url.password is not None:
        raise ValueError("holds a user or a password; the only credential of Model Studio is `api_key`")
    if "?" in text or "#" in text:
        raise ValueError(f"has a query or a fragment; {right}")
    return str(url).rstrip("/")


Endpoint = Annotated[str, AfterValidator(_checked_endpoint)]
Printable = Annotated[str, Field(pattern=r"^[\x21-\x7e]+$")]


class Jobs(JobsWatch):
    """The `jobs` watch; `model` keeps only the jobs trained on this model or base model (an exact name)."""

    model: Annotated[str, Field(min_length=1)] | None = None


class DeleteWith(Strict):
    """Another API key of the same account, used for deletions alone."""

    api_key: Secret
    """A key of the same workspace."""


class Options(AccountOptions):
    """An API key and the region it is bound to. Model Studio has jobs to watch and no flavors."""

    booked_in = "tokens"
    provider: Literal["model-studio"]
    api_key: Secret
    delete_with: DeleteWith | None = None
    """A credential of its own for deletions; left out: `api_key`, unless the account is `read_only`."""
    job_cap: Annotated[int, Field(ge=1)] | None = 20
    """How many jobs may be running or succeeded: 20 of a user, more by contract (error 429 `Throttling`)."""
    endpoint: Endpoint = BEIJING
    """API keys are bound to a region: Singapore is https://dashscope-intl.aliyuncs.com/api/v1."""
    workspace: Printable | None = None
    """Addresses a sub-workspace (`llm-…`); without it the key's own view is watched."""
    region: str | None = None
    """Named in events; read from the endpoint where that is one of Alibaba Cloud's own."""
    time_zone: Annotated[str, AfterValidator(_checked_zone)] = "+08:00"
    """The zone of the platform's times, which bear none. +08:00 is inferred for Beijing and unproven elsewhere."""
    jobs: Jobs
    training_flavors: SkipJsonSchema[None] = None
    resource_flavors: SkipJsonSchema[None] = None

    @field_validator("jobs", mode="before")
    @classmethod
    def _bare_jobs(cls, value: Any) -> Any:
        return {} if value is None else value

    @field_validator("training_flavors", "resource_flavors", mode="before")
    @classmethod
    def _no_flavors(cls, value: Any) -> None:
        raise ValueError("Model Studio rents no flavors, so there is nothing to watch; remove this section")

    def location(self) -> str | None:
        """As configured, else as the endpoint's host tells, once its references are resolved."""
        if self.region is not None or "${" in self.endpoint:
            return self.region
        return region_of(URL(self.endpoint).host or "")

    def watches(self) -> dict[str, WatchOptions]:
        return {"jobs": self.jobs}

    def deleting(self) -> Options | None:
        if self.delete_with is not None:
            return self.model_copy(update={"api_key": self.delete_with.api_key})
        return None if self.read_only else self
