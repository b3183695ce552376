"""What an account on Huawei Cloud ModelArts says in the config file: where it is, its one credential, its watches."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator
from yarl import URL

from monitor.fields import Duration, Secret
from monitor.fields.strict import Strict
from monitor.providers.modelarts.regions import region_doubt
from monitor.providers.options import AccountOptions, JobsWatch, WatchOptions

_HOST = re.compile(r"modelarts\.([a-z0-9-]+)\.")
_GLOBAL_IAM = frozenset({"af-north-1", "cn-north-11", "cn-southwest-3"})
"""Regions without an IAM host of their own (core SDK 3.1.219, its endpoint table)."""

_REFERENCE = "${"
"""Begins a reference that was left unresolved, by a command that contacts no platform: nothing can be said of it."""
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}", re.ASCII)


def _identifier(text: str) -> str:
    """Not a pattern of the field: the schema must let editors accept `${env:NAME}`."""
    if _REFERENCE not in text and not _ID.fullmatch(text):
        raise ValueError("may hold only letters, digits and hyphens, at most 64 of them")
    return text


Identifier = Annotated[str, AfterValidator(_identifier)]
"""A project, workspace or region."""


def _origin(text: str) -> str:
    """`scheme://host[:port]`. Raises ValueError: the path is signed, so an endpoint with one could never be reached."""
    if _REFERENCE in text:
        return text
    try:
        url = URL(text.strip())
    except ValueError:
        url = URL()
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError("is no URL; write https://modelarts.<region>.myhuaweicloud.com")
    if url.user or url.password or url.path not in ("", "/") or url.query_string or url.fragment:
        raise ValueError("must be only scheme, host and port, like https://modelarts.cn-north-4.myhuaweicloud.com")
    return str(url.origin())


class Iam(Strict):
    """An IAM user with its password; the daemon fetches and renews the token itself."""

    user: Annotated[str, Field(min_length=1)]
    """The IAM user's name."""
    password: Secret
    """The IAM user's password."""
    domain: Annotated[str, Field(min_length=1)]
    """The account (tenant) name that the user belongs to."""
    endpoint: str | None = None
    """Default: https://iam.<region>.myhuaweicloud.com."""

    @field_validator("endpoint")
    @classmethod
    def _check_endpoint(cls, value: str | None) -> str | None:
        return None if value is None else _origin(value)


class DeleteWith(Strict):
    """Another credential of the same project, used for deletions alone: one of the ways that an account has."""

    access_key: Secret | None = None
    """Of another access key (AK); needs `secret_key`."""
    secret_key: Secret | None = None
    """Of that access key (SK)."""
    security_token: Secret | None = None
    """Belongs to a temporary access key."""
    token: Secret | None = None
    """Another ready IAM token."""
    iam: Iam | None = None


class Jobs(JobsWatch):
    """The training jobs of each named workspace."""

    workspaces: Annotated[list[Identifier], Field(min_length=1, default_factory=lambda: ["0"])]
    """One search covers one workspace; `0` is the default workspace."""
    paging: Literal["auto", "page", "item"] = "auto"
    """What the platform's `offset` counts. Its documents disagree; `auto` finds out."""

    @field_validator("workspaces")
    @classmethod
    def _no_twins(cls, value: list[str]) -> list[str]:
        if len(set(value)) != len(value):
            raise ValueError("names a workspace twice")
        return value


class TrainingFlavors(WatchOptions):
    """The catalogue that training jobs choose from. It knows no stock."""

    every: Duration = 900.0
    flavor_type: Literal["CPU", "GPU", "Ascend"] | None = None


class ResourceFlavors(WatchOptions):
    """The catalogue with stock per availability zone."""

    every: Duration = 60.0
    label_selector: str = ""
    confirm: Annotated[int, Field(ge=1)] = 1
    """How many equal polls in a row make a change of stock."""


class Options(AccountOptions):
    """Exactly one of: access_key with secret_key (and security_token), token, iam."""

    booked_in = "hours"
    provider: Literal["modelarts"]
    region: Identifier | None = None
    endpoint: str | None = None
    project_id: Identifier
    access_key: Secret | None = None
    secret_key: Secret | None = None
    security_token: Secret | None = None
    """Belongs to a temporary access key."""
    token: Secret | None = None
    """A ready IAM token, scoped to the project. It lives 24 h and the daemon cannot renew it."""
    iam: Iam | None = None
    delete_with: DeleteWith | None = None
    """A credential of its own for deletions; left out: that of the account, unless it is `read_only`."""
    jobs: Jobs | None = None
    training_flavors: TrainingFlavors | None = None
    resource_flavors: ResourceFlavors | None = None

    @field_validator("endpoint")
    @classmethod
    def _check_endpoint(cls, value: str | None) -> str | None:
        return None if value is None else _origin(value)

    @model_validator(mode="after")
    def _whole(self) -> Options:
        problems = [*self._place(), *self._credential()]
        if not self.watches():
            problems.append("has nothing to watch; add jobs, training_flavors or resource_flavors (each may be {})")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _place(self) -> list[str]:
        if self.region is None and self.endpoint is None:
            return ["needs region (like cn-north-4) or endpoint"]
        unknown = self.location() is None and _REFERENCE not in (self.endpoint or "")
        second = self.delete_with.iam if self.delete_with is not None else None
        asked = {"iam.endpoint": self.iam, "delete_with.iam.endpoint": second}
        lacking = [key for key, iam in asked.items() if iam is not None and iam.endpoint is None and unknown]
        return [f"needs {key} or region, for the endpoint does not tell which IAM host to ask" for key in lacking]

    def _credential(self) -> list[str]:
        beside = [] if self.delete_with is None else [f"delete_with {each}" for each in _lacking(self.delete_with)]
        return [*_lacking(self), *beside]

    def watches(self) -> dict[str, WatchOptions]:
        found = {
            "jobs": self.jobs,
            "training_flavors": self.training_flavors,
            "resource_flavors": self.resource_flavors,
        }
        return {name: watch for name, watch in found.items() if watch is not None}

    def deleting(self) -> Options | None:
        if self.delete_with is None:
            return None if self.read_only else self
        return self.model_copy(
            update={name: getattr(self.delete_with, name) for name in type(self.delete_with).model_fields}
        )

    def doubts(self) -> dict[str, str]:
        known = self.region is None or self.endpoint is not None or _REFERENCE in self.region
        doubt = None if known or self.region is None else region_doubt(self.region)
        return {} if doubt is None else {"region": doubt}

    def location(self) -> str | None:
        """The region as configured, else as the endpoint's host names it, else None."""
        known = self.endpoint is not None and _REFERENCE not in self.endpoint
        named = _HOST.match(URL(self.endpoint or "").host or "") if known else None
        return self.region or (named.group(1) if named else None)

    def origin(self) -> str:
        """`scheme://host[:port]` of the platform."""
        return self.endpoint or f"https://modelarts.{self.region}.myhuaweicloud.com"

    def iam_origin(self) -> str:
        """`scheme://host[:port]` of the token service."""
        if self.iam is not None and self.iam.endpoint is not None:
            return self.iam.endpoint
        region = self.location()
        return "https://iam.myhuaweicloud.com" if region in _GLOBAL_IAM else f"https://iam.{region}.myhuaweicloud.com"


def _lacking(given: Options | DeleteWith) -> list[str]:
    """What is wrong with a credential."""
    problems = []
    if (given.access_key is None) != (given.secret_key is None):
        missing, there = ("secret_key", "access_key") if given.access_key else ("access_key", "secret_key")
        problems.append(f"needs {missing} beside {there}")
    if given.security_token is not None and given.access_key is None and given.secret_key is None:
        problems.append("security_token belongs to a temporary access_key and secret_key; add them")
    signed = any(value is not None for value in (given.access_key, given.secret_key, given.security_token))
    ways = [signed, given.token is not None, given.iam is not None]
    if sum(ways) == 0:
        problems.append("needs a credential: access_key with secret_key, or token, or iam {user, password, domain}")
    if sum(ways) > 1:
        problems.append("has more than one credential; keep one of access_key with secret_key, token, iam")
    return problems
