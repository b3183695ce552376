"""Schemathesis asks the real server whatever the OpenAPI document allows, and some of what it does not."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from monitor.web.api.routes import ROUTES
from tests.kit.api import seed
from tests.kit.web import TOKEN, served

EXAMPLES = 6
"""Of each operation and mode; they are always the same. `make fuzz` asks for as long as one likes."""
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
QUICK = hypothesis.settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """A server of its own thread around a full store; gives its address."""
    ready, end = threading.Event(), threading.Event()
    place: list[str] = []

    async def serve() -> None:
        async with served(folder, token=True) as it:
            await it.store.write(seed)
            place.append(f"http://127.0.0.1:{it.port}")
            ready.set()
            await asyncio.to_thread(end.wait)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(20)
        yield place[0]
    finally:
        end.set()
        thread.join()


@pytest.mark.slow
def test_no_request_breaks_what_the_document_promises(tmp_path: Path) -> None:
    with running(tmp_path) as address:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        schema = schemathesis.openapi.from_url(f"{address}/api/v1/openapi.json", headers=headers)
        asked: dict[str, int] = {}
        for found in schema.get_all_operations():
            operation = found.ok()
            if operation.path.endswith("/stream"):
                continue  # it does not end
            asked[operation.label] = ask(operation, GenerationMode.POSITIVE, headers)
            if operation.method == "get" and not list(operation.query):
                continue  # nothing wrong can be asked of it: a path is any text
            assert ask(operation, GenerationMode.NEGATIVE, headers) > 0
        routes = {f"{route.method} {route.path}" for route in ROUTES}
        assert set(asked) == routes - {"GET /api/v1/openapi.json"}, "it leaves out what it has read"
        assert min(asked.values()) > 0


def ask(operation: Any, mode: GenerationMode, headers: dict[str, str]) -> int:
    count = 0

    @QUICK
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def run(case: Any) -> None:
        nonlocal count
        count += 1
        case.call_and_validate(checks=CHECKS, headers=headers)

    run()
    return count
