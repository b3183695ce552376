"""Runs in `.venv-sdk`: drives the three dashscope clients, one JSON order a line in, one JSON answer a line out.

Imports nothing of this project: what it decodes is the official clients' own reading of the emulator's answers.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any


class Classic:
    """`dashscope.FineTunes`: answers carry their status and code, nothing is raised."""

    def __init__(self, base_url: str, api_key: str, workspace: str | None) -> None:
        from dashscope import FineTunes

        self._api: Any = FineTunes
        self._how = {"base_address": base_url, "api_key": api_key, "workspace": workspace}

    def run(self, op: str, args: dict[str, Any]) -> dict[str, Any]:
        if op == "stream":
            return self._stream(args["job_id"])
        # `target` is this client's own word for the id, the others take it in first place too.
        job_id = args.pop("job_id", None)
        places = [] if job_id is None else [job_id]
        if op == "create":
            args = {"training_file_ids": args.pop("files"), "mode": args.pop("kind"), **args}
        if op == "logs":
            args = {"offset": args["offset"], "line": args["lines"]}
        answer = getattr(self._api, "call" if op == "create" else op)(*places, **args, **self._how)
        if answer.status_code != 200 or answer.code:
            return refused(answer.status_code, answer.code, answer.message, answer.request_id)
        return {"ok": True, "request_id": answer.request_id, "value": self._value(op, answer.output)}

    def _value(self, op: str, output: Any) -> Any:
        if op in ("create", "get", "wait"):
            return classic_job(output)
        if op == "list":
            found = {name: output[name] for name in ("page_no", "page_size", "total")}
            return found | {"jobs": [classic_job(job) for job in output.jobs]}
        return output["logs"] if op == "logs" else output["status"]

    def _stream(self, job_id: str) -> dict[str, Any]:
        frames = list(self._api.stream_events(job_id, **self._how))
        last = frames[-1]
        if last.status_code != 200:
            whole = refused(last.status_code, last.code, last.message, last.request_id)
            return whole | {"before": [frame.output for frame in frames[:-1]]}
        return {"ok": True, "request_id": None, "value": [frame.output for frame in frames]}


class Modern:
    """`dashscope.Client` and, with `run` inside an event loop, `dashscope.AsyncClient`: refusals are raised."""

    def __init__(self, base_url: str, api_key: str, workspace: str | None, *, retries: int = 0) -> None:
        self._how = {"base_url": base_url, "api_key": api_key, "workspace": workspace, "max_retries": retries}

    def run(self, op: str, args: dict[str, Any]) -> dict[str, Any]:
        import dashscope

        client: Any = dashscope.Client(**self._how)
        return self._answer(op, args, lambda name, more: getattr(client.fine_tunes, name)(**more), list)

    def _answer(self, op: str, args: dict[str, Any], call: Any, collect: Any) -> dict[str, Any]:
        from dashscope.v2.errors import DashScopeError

        if op == "create":
            args = {"training_file_ids": args.pop("files"), "mode": args.pop("kind"), **args}
        if op == "wait":
            args = {"job": args["job_id"], "poll_interval": 0.01, "timeout": 5}
        try:
            if op == "stream":
                return {
                    "ok": True,
                    "request_id": None,
                    "value": [e.output for e in collect(call("stream_events", args))],
                }
            answer = call(op, args)
        except DashScopeError as error:
            told = refused(error.status_code, error.code, error.message, error.request_id)
            return told | {"error": type(error).__name__}
        return {"ok": True, "request_id": answer.request_id, "value": self._value(op, answer)}

    def _value(self, op: str, answer: Any) -> Any:
        if op in ("create", "get", "wait"):
            return modern_job(answer)
        if op == "list":
            found = {"page_no": answer.page_no, "page_size": answer.page_size, "total": answer.total_count}
            return found | {"jobs": [modern_job(job) for job in answer.jobs]}
        return answer.content.splitlines() if op == "logs" else answer.status


class ModernAsync(Modern):
    def run(self, op: str, args: dict[str, Any]) -> dict[str, Any]:
        import dashscope

        with asyncio.Runner() as runner:
            client: Any = runner.run(awaited(lambda: dashscope.AsyncClient(**self._how)))

            def call(name: str, more: dict[str, Any]) -> Any:
                made = getattr(client.fine_tunes, name)(**more)
                return made if name == "stream_events" else runner.run(made)

            return self._answer(op, args, call, lambda events: runner.run(gathered(events)))


async def awaited(make: Any) -> Any:
    return make()


async def gathered(events: Any) -> list[Any]:
    return [event async for event in events]


def classic_job(job: Any) -> dict[str, Any]:
    names = "job_id job_name status model base_model finetuned_output training_type create_time end_time usage"
    extra = (
        " workspace_id user_identity creator modifier group hyper_parameters training_file_ids code message output_cnt"
    )
    return {name: getattr(job, name) for name in (names + extra).split() if getattr(job, name, None) is not None}


def modern_job(job: Any) -> dict[str, Any]:
    """Back to the names of the wire."""
    renamed = {"finetuned_model": "finetuned_output", "created_at": "create_time", "finished_at": "end_time"}
    whole = {renamed.get(name, name): value for name, value in job.model_dump(exclude={"headers"}).items()}
    whole |= job.model_extra or {}
    if job.usage is not None:
        whole["usage"] = job.usage.total_tokens
    names = set(classic_names())
    return {name: value for name, value in whole.items() if name in names and value is not None}


def classic_names() -> list[str]:
    class Everything:
        def __getattr__(self, name: str) -> str:
            return name

    return list(classic_job(Everything()))


def refused(status: Any, code: Any, message: Any, request_id: Any) -> dict[str, Any]:
    return {"ok": False, "status": status, "code": code, "message": message, "request_id": request_id}


def main() -> None:
    clients = {"classic": Classic, "v2": Modern, "v2-async": ModernAsync}
    for line in sys.stdin:
        order = json.loads(line)
        more = {"retries": order["retries"]} if order.get("retries") else {}
        client = clients[order["client"]](order["base_url"], order["api_key"], order["workspace"], **more)
        try:
            answer = client.run(order["op"], order["args"])
        except Exception as error:
            answer = {"ok": False, "crash": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(answer, default=str) + "\n")
        sys.stdout.flush()


main()
