"""Stories of quotas: how near an account is to its cap of jobs, and what would make room."""

from __future__ import annotations

from typing import Any

from monitor.model import Event, EventType
from monitor.rules.message.clean import cut_words, one_line
from monitor.rules.message.facts import Facts, amount, clock, counted, joined
from monitor.rules.message.places import account_name
from monitor.rules.message.story import Line, Story

_POLICIES = 5
_HELD = 100
_NAME = 80


def quota_story(event: Event) -> Story:
    """`quota.reached` and `quota.eased`."""
    quota = Facts(event.data).part("quota")
    over = event.type is EventType.QUOTA_EASED
    used = _used(quota)
    lines = (
        Line("Used", joined(used, "" if over else _free(quota), by="; ")),
        Line("Cleanup", "" if over else _cleanup(quota)),
        Line("Policies", "" if over else _policies(quota)),
        Line("What to do", "" if over else _remedy(event, quota)),
        Line("Time", clock(event.time)),
    )
    happened = "has room for jobs again" if over else _reached(quota)
    return Story(account_name(event), happened, tuple(line for line in lines if line.value), "" if over else used)


def _reached(quota: Facts) -> str:
    used, cap = quota.raw("used"), quota.raw("cap")
    if not _whole(used) or not _whole(cap):
        return "is near its cap of jobs"
    if used >= cap:
        return f"has no room for another job: {used:,} of {cap:,}"
    return f"has used {used:,} of its {counted(cap, 'job')}"


def _used(quota: Facts) -> str:
    used, cap, share = quota.raw("used"), quota.raw("cap"), amount(quota.raw("share"))
    if not _whole(used):
        return ""
    if not _whole(cap):
        return f"{counted(used, 'job')}, of no known cap"
    return f"{used:,} of {counted(cap, 'job')}" + (f" ({share.normalize():,f}%)" if share is not None else "")


def _cleanup(quota: Facts) -> str:
    frees, finished = quota.raw("frees"), quota.raw("finished")
    over = f"{counted(finished, 'job is', 'jobs are')} over" if _whole(finished) else ""
    listed = quota.raw("policies")
    if not listed:
        return joined(over, "no cleanup policy is for the account", by=", and ")
    if not _whole(frees):
        return over
    return joined(f"would free {counted(frees, 'job')} now" if frees else "would free nothing now", over, by="; ")


def _remedy(event: Event, quota: Facts) -> str:
    if quota.raw("policies"):
        return "training-monitor jobs cleanup"
    return f"training-monitor jobs delete {one_line(event.account or 'ACCOUNT', _NAME)} JOB"


def _policies(quota: Facts) -> str:
    listed: Any = quota.raw("policies")
    shown = [Facts(each) for each in listed[:_POLICIES]] if isinstance(listed, list) else []
    return joined(*(joined(each.text("name", 40), _policy(each), by=" ") for each in shown), by=", ")


def _policy(policy: Facts) -> str:
    jobs = policy.raw("jobs")
    why = cut_words(policy.text("held", 500), _HELD) or ("" if policy.raw("enabled") is True else "not enabled")
    return joined(f"{jobs:,}" if _whole(jobs) else "", f"({why})" if why else "", by=" ")


def _free(quota: Facts) -> str:
    free = quota.raw("free")
    return (f"{free:,} free" if free else "the platform takes no more") if _whole(free) else ""


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
