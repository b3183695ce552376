"""Reads a whole catalogue: the training flavors in one answer, the resource flavors page by page."""

from __future__ import annotations

from monitor.providers.modelarts import slices
from monitor.providers.modelarts.client import Client, Operation
from monitor.providers.ports import FlavorPage
from monitor.wire import Fault, FaultKind

_READ_ACCESS = "read access to ModelArts (a policy with its get and list actions)"
_TRAINING = Operation(action="list the training flavors", permission=_READ_ACCESS)
_RESOURCE = Operation(action="list the resource flavors", permission=_READ_ACCESS)
_LIMIT = "500"
"""The most that one page of resource flavors holds."""
_MOST_PAGES = 100


async def training_flavors(client: Client, path: str, flavor_type: str | None) -> FlavorPage:
    """The training catalogue, of one type where one is given. Raises Fault."""
    read = await client.ask(
        _TRAINING,
        "GET",
        path,
        query=[("flavor_type", flavor_type)] if flavor_type else [],
        read=lambda answer: slices.training_flavors(answer, narrowed=flavor_type is not None),
    )
    return FlavorPage(items=read.value, date=read.answer.date)


async def resource_flavors(client: Client, path: str, label_selector: str) -> FlavorPage:
    """All pages of the resource catalogue, or none. Raises Fault, also where the pages do not come to an end."""
    query = [("limit", _LIMIT)]
    if label_selector:
        query.append(("labelSelector", label_selector))
    items: list[bytes] = []
    seen: set[str] = set()
    cursor: str | None = None
    while True:
        paged = [*query, ("continue", cursor)] if cursor else query
        read = await client.ask(_RESOURCE, "GET", path, query=paged, read=slices.resource_flavors)
        page, cursor = read.value
        items += page
        if cursor is None:
            return FlavorPage(items=items, date=read.answer.date)
        if cursor in seen or len(seen) >= _MOST_PAGES:
            text = "ModelArts keeps sending the same pages of resource flavors"
            hint = "this passes by itself; if it lasts, look whether a proxy answers in place of the platform"
            raise Fault(FaultKind.SENSELESS, text, hint=hint, status=read.answer.status)
        seen.add(cursor)
