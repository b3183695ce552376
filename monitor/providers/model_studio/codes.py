"""What the platform's error codes and statuses mean for a watch, in the words that the operator reads."""

from __future__ import annotations

import re

from monitor.wire import FaultKind

Verdict = tuple[FaultKind, str, str]
"""The kind of a fault, what happened in a sentence, and the remedy."""
_CODES: tuple[tuple[str, FaultKind, str, str], ...] = (
    (
        r"invalidapikey",
        # Not BAD_SIGNATURE: nothing says that Model Studio locks a key, so a wrong one is looked at now and then, and a
        # watch whose key becomes good again goes on by itself.
        FaultKind.UNAUTHORIZED,
        "Model Studio did not accept the API key",
        "check `api_key`, and that `endpoint` is of the region where the key was made: a key works in no other",
    ),
    (
        r"arrearage|(pre|post)paidbilloverdue",
        FaultKind.ARREARS,
        "Model Studio turned the account away because a bill is overdue",
        "settle it in the Alibaba Cloud console; the watch then goes on by itself",
    ),
    (
        r"throttling.*",
        FaultKind.THROTTLED,
        "Model Studio asks for fewer requests",
        "if this lasts, raise `every` or lower `budget`; all keys and programs of the account count together",
    ),
    (
        r".*unpurchased|commoditynotpurchased",
        FaultKind.UNAUTHORIZED,
        "Model Studio is not activated for this account",
        "activate it in the console, in the region of `endpoint`",
    ),
    (
        r"workspace.*accessdenied|not authorized",
        FaultKind.UNAUTHORIZED,
        "Model Studio does not let this key into the workspace",
        "check `workspace` and `endpoint`, and that the key's owner is a member of the workspace",
    ),
    (
        r"allocationquota\.freetieronly",
        FaultKind.UNAUTHORIZED,
        "Model Studio turned the request away because the free quota is used up",
        "allow paid use in the console",
    ),
    (
        r"(.*\.)?accessdenied.*",
        FaultKind.UNAUTHORIZED,
        "Model Studio does not allow this key to do that with fine-tuning jobs",
        "grant the key's owner model training in the console, or use another key",
    ),
    (
        r"workspacenotfound",
        FaultKind.MISCONFIGURED,
        "Model Studio does not know the workspace",
        "check `workspace`, and that `endpoint` is of its region",
    ),
    (
        r"modelnotfound",
        FaultKind.MISCONFIGURED,
        "Model Studio does not know the model",
        "check `model` in the section `jobs`",
    ),
    (
        r"notfound.*",
        FaultKind.MISCONFIGURED,
        "Model Studio has no fine-tuning jobs at this endpoint",
        "check `endpoint` (it usually ends with /api/v1; not every region offers fine-tuning) and `workspace`",
    ),
    (
        r"invalidparameter.*",
        FaultKind.MISCONFIGURED,
        "Model Studio refused a parameter of the request",
        "check `workspace`, and `model` in the section `jobs`",
    ),
    (
        r"internalerror.*|modelservingerror|modelunavailable",
        FaultKind.TRANSIENT,
        "Model Studio had an internal error",
        "it is asked again; if this lasts, give the request id to Alibaba Cloud's support",
    ),
)
"""Patterns of whole codes, in lower case; the first that fits decides, in a 200 too (reference: section 5)."""
_ALWAYS = (FaultKind.ARREARS, FaultKind.THROTTLED, FaultKind.TRANSIENT)
"""Kinds that are believed of a server that says at the same time that it is out of order (5xx)."""


def verdict(status: int, code: str) -> Verdict:
    """What the operator is told of an error; `code` in lower case, empty where the answer had none."""
    for pattern, kind, what, hint in _CODES:
        if re.fullmatch(pattern, code, re.DOTALL) and (status < 500 or kind in _ALWAYS):
            return kind, what, hint
    return _by_status(status)


def kept(status: int, code: str) -> bool:
    """Whether the answer to a deletion says that this job's state forbids it; another job may fare better."""
    return status == 409 or (status in (200, 400) and code == "unsupportedoperation")


def _by_status(status: int) -> Verdict:
    like = {401: "not authorized", 403: "accessdenied", 404: "notfound", 408: "internalerror", 429: "throttling"}
    if status in like:
        if status == 401:
            what, hint = "Model Studio did not admit this key", "check `api_key`, `workspace` and `endpoint`"
            return FaultKind.UNAUTHORIZED, what, hint
        return verdict(status, like[status])
    if status >= 500:
        return verdict(status, "internalerror")
    if 400 <= status < 500 and status != 409:
        hint = "check `endpoint` (it usually ends with /api/v1) and `workspace`"
        return FaultKind.MISCONFIGURED, "Model Studio refused the request", hint
    hint = "it is asked again; if this lasts, check `endpoint`, and what stands between it and this machine"
    what = "Model Studio reported an error that is not known here" if status == 200 else "Model Studio gave no answer"
    return FaultKind.SENSELESS, what, hint
