"""Asks ModelArts how many training jobs the user has and may have."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from monitor.model import Quota
from monitor.providers.modelarts.client import Client, Operation
from monitor.providers.modelarts.reading import number
from monitor.wire import Answer, Fault, FaultKind

RESOURCE = "job-num"
READ_QUOTA = "modelarts:trainJob:getQuotas"
_QUOTA = Operation(
    action="show the quota of training jobs",
    permission=f"the permission {READ_QUOTA}",
    absent=(404, "APIGW.0101"),
)
"""A site or an older release without this API has no word to give, which is no fault."""


async def read_quota(client: Client, path: str, now: datetime) -> Quota | None:
    """None where the platform has no such API or lists no such quota. Raises Fault."""
    found = (await client.ask(_QUOTA, "GET", path, query=(("resource", RESOURCE),), read=_figures)).value
    return None if found is None else Quota(resource=RESOURCE, used=found[0], cap=found[1], seen_at=now)


def _figures(answer: Answer) -> tuple[int, int | None] | None:
    """Used and cap. A cap of 0 or less stands for none: nobody could have a job then."""
    if answer.status != 200:
        return None
    try:
        listed: Any = msgspec.json.decode(answer.body)
        entries: list[dict[str, Any]] = listed["quotas"] or []
        for entry in entries:
            if entry.get("resource") == RESOURCE:
                used, cap = number(entry.get("used")), number(entry.get("quota"))
                if used is None or used < 0:
                    break
                return int(used), int(cap) if cap is not None and cap > 0 else None
        else:
            return None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError, TypeError, AttributeError):
        pass
    raise Fault(FaultKind.SENSELESS, "ModelArts answered no quota of training jobs", status=answer.status)
