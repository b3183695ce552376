"""Stories of jobs and of what they used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from monitor.model import Event, EventType
from monitor.rules.message.clean import link
from monitor.rules.message.facts import MODEL, REASON, Facts, counted, joined, stretch
from monitor.rules.message.story import Line, Story
from monitor.rules.message.used import in_all, of_event

_WORDS = {"succeeded": "succeeded", "failed": "failed", "canceled": "was canceled"}


def job_story(event: Event) -> Story:
    """Any `job.*` or `usage.*` event."""
    data = Facts(event.data)
    job = data.part("job")
    lines = [
        Line("Why", _why(data) if event.type in _ENDS else ""),
        Line("Asked for by", asker(data)),
        Line("Time", _time(event, data)),
        Line("New model", job.text("output_model", 80)),
        Line("Engine", job.text("model", 80) if "flavor" in job else ""),
        Line("Runs on", _machine(job)),
        Line("Used", of_event(event)),
    ]
    if url := link(job.raw("url")):
        lines.append(Line("Console", url, url=True))
    return Story(job_name(event), _happened(event, data), tuple(line for line in lines if line.value), _why(data, 100))


_ENDS: Final = frozenset({EventType.JOB_FINISHED, EventType.JOB_GONE, EventType.JOB_REOPENED})
"""What a job's error is about; one poll may see its start together with its end."""


def job_name(event: Event) -> str:
    """`qwen3-14b fine-tune “zh-support-v2”`; a job that runs on machines of a flavor is a training job."""
    job = Facts(event.data).part("job")
    name = f"“{job.text('name') or job.text('id') or Facts({'id': event.subject}).text('id')}”"
    model = job.text("model", MODEL) or job.text("base_model", MODEL)
    return f"{model} fine-tune {name}" if model and "flavor" not in job else f"training job {name}"


def asker(data: Facts) -> str:
    """Who wanted it deleted: `ann`, `the policy nightly`, `the API token`; "" where nobody did."""
    asked = data.part("deletion").part("asked_by")
    kind, name = asked.text("kind"), asked.text("name")
    if kind == "policy":
        return f"the policy {name}"
    return "the API token" if kind == "token" else name


def owner(event: Event, names: Mapping[str, str]) -> str:
    """`owner Ann` where people say who the creator is, else `owner 1396993924585947`; "" where nobody is known."""
    creator = Facts(event.data).part("job").text("creator")
    provider = Facts(event.data).part("account").text("provider")
    name = Facts({"name": names.get(f"{provider}:{creator}", creator)}).text("name")
    return f"owner {name}" if name else ""


def _happened(event: Event, data: Facts) -> str:
    tell = _HAPPENED.get(event.type)
    return tell(data) if tell is not None else f"has news: {event.type.value}"


def _submitted(data: Facts) -> str:
    return "was submitted"


def _queued(data: Facts) -> str:
    position = data.part("job").number("queue_position")
    return "is in the queue" + (f" (place {position})" if position else "")


def _started(data: Facts) -> str:
    waited = data.part("previous").span("duration")
    waiting = data.part("previous").text("state") in ("queued", "pending")
    return "is running" + (f" after a wait of {waited}" if waited and waiting else "")


def _requeued(data: Facts) -> str:
    ran = data.part("previous").span("duration")
    return "is back in the queue" + (f" after running {ran}" if ran else "")


def _restarted(data: Facts) -> str:
    runs = data.part("job").number("runs")
    return "was restarted" + (f" (run {runs})" if runs else "")


def _stopping(data: Facts) -> str:
    return "is being stopped"


def _finished(data: Facts) -> str:
    outcome = data.text("outcome") or data.part("job").text("state")
    took = data.span("duration") or data.part("job").span("duration")
    word = _WORDS.get(outcome, f"ended ({outcome})" if outcome else "ended")
    return word + (f" {'in' if outcome == 'succeeded' else 'after'} {took}" if took else "") + _attempt(data)


def _reopened(data: Facts) -> str:
    was, now = data.part("previous").text("state"), data.part("job").text("state")
    words = f"is {now} again" if now in ("pending", "queued", "running") else "has come back"
    return words + (f" after it had {was}" if was in ("succeeded", "failed") else "") + _attempt(data)


def _checkpoint(data: Facts) -> str:
    count, most = data.part("job").number("checkpoints"), data.part("job").number("max_checkpoints")
    return "has a new checkpoint" + (f" ({joined(count, most, by=' of ')})" if count else "")


def _gone(data: Facts) -> str:
    state = data.part("previous").text("state") or data.part("job").text("state")
    was = "had" if state in ("succeeded", "failed") else "was"
    return "is gone from the platform" + (f" (it {was} {state})" if state else "")


def _deleted(data: Facts) -> str:
    state = data.part("previous").text("state") or data.part("job").text("state")
    was = "had" if state in ("succeeded", "failed") else "was"
    return "was deleted from the platform" + (f" (it {was} {state})" if state else "")


def _recorded(data: Facts) -> str:
    return f"used {in_all(data.part('usage')) or 'tokens'}"


def _corrected(data: Facts) -> str:
    return f"used {in_all(data.part('usage')) or 'tokens'}, corrected"


_HAPPENED: dict[EventType, Callable[[Facts], str]] = {
    EventType.JOB_SUBMITTED: _submitted,
    EventType.JOB_QUEUED: _queued,
    EventType.JOB_STARTED: _started,
    EventType.JOB_REQUEUED: _requeued,
    EventType.JOB_RESTARTED: _restarted,
    EventType.JOB_STOPPING: _stopping,
    EventType.JOB_FINISHED: _finished,
    EventType.JOB_REOPENED: _reopened,
    EventType.JOB_CHECKPOINT: _checkpoint,
    EventType.JOB_GONE: _gone,
    EventType.JOB_DELETED: _deleted,
    EventType.USAGE_RECORDED: _recorded,
    EventType.USAGE_CORRECTED: _corrected,
}


def _attempt(data: Facts) -> str:
    attempt = data.raw("attempt")
    return f" (attempt {attempt})" if isinstance(attempt, int) and attempt > 1 else ""


def _why(data: Facts, limit: int = REASON) -> str:
    error = data.part("error") if "error" in data else data.part("job").part("error")
    if data.text("outcome") == "canceled" and not error.text("message"):
        return ""  # Model Studio gives a canceled job the bare code "1", which tells nobody anything
    return joined(error.text("code", 80), error.text("message", limit), by=": ")


def _time(event: Event, data: Facts) -> str:
    job = data.part("job")
    start, end = job.moment("started_at"), job.moment("ended_at")
    if event.type is EventType.JOB_FINISHED and (start or end):
        return stretch(start, end)
    return stretch(None, event.time)


def _machine(job: Facts) -> str:
    nodes = job.raw("nodes")
    many = counted(nodes, "node") if isinstance(nodes, int) and not isinstance(nodes, bool) and nodes > 1 else ""
    return joined(job.text("flavor", 80), many, by=", ")
