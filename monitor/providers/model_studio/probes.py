"""What `check --online` tries of an account on Model Studio, and what its options alone make doubtful."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from monitor.fields import Secret
from monitor.providers.model_studio.client import Client
from monitor.providers.ports import Probe
from monitor.wire import Fault

_PERMISSION = "model training for the owner of the key (console: permissions of the workspace)"
_NOBODY = "ft-000000000000-none"
"""An id that no job has: the answer "there is none" proves as well that jobs may be read."""


def probes(client: Client, model: str | None, id_of: Callable[[bytes], str | None]) -> Sequence[Probe]:
    """The listing, then one job of it, or one that does not exist where the listing is empty."""
    seen: list[bytes] = []

    async def listed() -> str:
        page = await client.list(1, model=model)
        seen[:] = page.items[:1]
        count = len(page.items) if page.total is None else page.total
        return f"{count} job{'' if count == 1 else 's'}"

    async def read() -> str:
        await client.get((id_of(seen[0]) if seen else None) or _NOBODY)
        return ""

    return [
        Probe(what="list fine-tuning jobs", watch="jobs", permission=_PERMISSION, ask=listed),
        Probe(what="read a fine-tuning job", watch="jobs", permission=_PERMISSION, ask=read),
    ]


def deletion_probe(client: Client) -> Probe:
    """An unknown id may be a bad parameter to the platform (reference: section 5), which proves the same."""

    async def asked() -> str:
        try:
            await client.delete(_NOBODY)
        except Fault as fault:
            if not (fault.code or "").lower().startswith("invalidparameter"):
                raise
        return "allowed, as far as an id that no job has can show"

    return Probe(what="delete a fine-tuning job", watch=None, permission=_PERMISSION, ask=asked)


def remarks(api_key: Secret, region: str | None, of_host: str | None) -> Iterator[str]:
    """`of_host` is the region that the endpoint's host belongs to. Raises nothing for a key that is missing."""
    if region and of_host and region != of_host:
        yield f"`region` says {region} and `endpoint` is of {of_host}; an API key works in its own region only"
    if api_key.missing is None and api_key.reveal().startswith("sk-sp-"):
        yield "`api_key` is one of a coding plan (sk-sp-), which works with that plan's own host only"
