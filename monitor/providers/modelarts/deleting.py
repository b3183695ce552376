"""Asks ModelArts once to delete a training job, and tells a clear no from an answer that leaves it open."""

from __future__ import annotations

import msgspec

from monitor.providers.modelarts.client import Client, Operation
from monitor.providers.modelarts.errors import JOB_NOT_FOUND, proof, said
from monitor.providers.ports import Declined, declined
from monitor.wire import Answer, Fault, FaultKind

DELETE_JOB = "modelarts:trainJob:delete"
_ACCEPTED = frozenset({200, 202, 204})
"""202 by the vendor's page, which calls it "No Content"; the neighbours are taken for the same."""
_CONFLICT = 409
"""The job is in a state that does not allow it, or its state has just changed (reference: section 9)."""
_DELETE = Operation(
    action="delete a training job",
    permission=f"the permission {DELETE_JOB}",
    absent=JOB_NOT_FOUND,
    clear=_ACCEPTED | {_CONFLICT},
)


async def delete(client: Client, path: str) -> bool:
    """True: there is no such job; False: accepted. Raises Declined and Fault as `ports.Provider.delete_job`."""
    try:
        done = await attempt(client, path)
    except Fault as fault:
        refused = declined(fault)
        if refused is None:
            raise
        raise refused from None
    if isinstance(done, Declined):
        raise done
    return done


async def attempt(client: Client, path: str) -> bool | Declined:
    """The answer as it is, of which a refusal for the credential's sake is a Fault."""
    return (await client.ask(_DELETE, "DELETE", path, read=lambda answer: _outcome(answer, client))).value


def _outcome(answer: Answer, client: Client) -> bool | Declined:
    if answer.status == _CONFLICT:
        asked = client.asked(_DELETE)
        heard = said(answer).without(asked.secrets)
        text = f"ModelArts does not delete the job in its present state ({proof(answer, heard, asked)})"
        return Declined(text, code=heard.code or str(_CONFLICT), job_only=True, hint="a job that runs is stopped first")
    if answer.status not in _ACCEPTED:
        return True
    if not _yes(answer):
        text = f"ModelArts answered HTTP {answer.status} with something else than a yes when asked to {_DELETE.action}"
        raise Fault(FaultKind.SENSELESS, text, hint="is a proxy in between?", status=answer.status)
    return False


def _yes(answer: Answer) -> bool:
    """The page shows a body of two quotation marks, the SDK an empty object: any JSON will do that bears no code, and
    no body at all."""
    if not answer.body.strip():
        return True
    try:
        msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    heard = said(answer)
    return heard.code is None and not heard.words
