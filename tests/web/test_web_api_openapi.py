"""The OpenAPI document is valid, is the one in docs/, and every answer is as it says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from monitor.store import add_action
from monitor.web.api.openapi import document
from monitor.web.api.routes import ROUTES
from tests.kit import silent
from tests.kit.api import CONFIG, Asking, settings
from tests.kit.made import deletion

DOCS = Path(__file__).parents[2] / "docs" / "openapi.json"
FORM = "application/json"
HOW = "python -c 'from monitor.web.api.openapi import write; write(\"docs/openapi.json\")'"
READS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "/api/v1/status": [("/status", {})],
    "/api/v1/accounts": [("/accounts", {})],
    "/api/v1/watches": [("/watches", {})],
    "/api/v1/jobs": [("/jobs", {"gone": True}), ("/jobs", {"find": "name of north-0-1"})],
    "/api/v1/jobs/{account}/{id}": [("/jobs/north/north-0-1", {}), ("/jobs/llm/llm-None-0", {})],
    "/api/v1/flavors": [("/flavors", {}), ("/flavors", {"stock": "delisted"})],
    "/api/v1/flavors/{account}/{id}/history": [("/flavors/north/ascend-0/history", {})],
    "/api/v1/stock-history": [("/stock-history", {"since": "7d"})],
    "/api/v1/events": [("/events", {"limit": 1000}), ("/events", {"order": "oldest", "type": ["job.*", "flavor.*"]})],
    "/api/v1/events/{id}": [("/events/3", {})],
    "/api/v1/events/{id}/explanation": [("/events/3/explanation", {})],
    "/api/v1/notifications": [("/notifications", {})],
    "/api/v1/notifications/{id}": [("/notifications/n03", {})],
    "/api/v1/deliveries": [("/deliveries", {}), ("/deliveries", {"state": ["dead", "refused"]})],
    "/api/v1/deliveries/{id}": [],
    "/api/v1/deletions": [("/deletions", {}), ("/deletions", {"state": ["requested"], "open": True})],
    "/api/v1/deletions/preview": [("/deletions/preview", {"account": "north", "job": ["north-0-1", "nix"]})],
    "/api/v1/deletions/{id}": [("/deletions/d1", {})],
    "/api/v1/cleanup": [("/cleanup", {})],
    "/api/v1/silences": [("/silences", {}), ("/silences", {"state": "active"})],
    "/api/v1/silences/{id}": [(f"/silences/{silent.SILENCE}", {})],
    "/api/v1/sinks": [("/sinks", {})],
    "/api/v1/rules": [("/rules", {})],
    "/api/v1/ruleset": [("/ruleset", {})],
    "/api/v1/usage": [
        ("/usage", {}),
        ("/usage", {"by": "owner,label:team,model,account"}),
        ("/usage", {"by": "month,week,flavor", "timezone": "Asia/Shanghai"}),
    ],
    "/api/v1/budgets": [("/budgets", {})],
    "/api/v1/quotas": [("/quotas", {})],
    "/api/v1/usage/running": [("/usage/running", {}), ("/usage/running", {"account": "north"})],
    "/api/v1/openapi.json": [("/openapi.json", {})],
}


CLEANUP = "cleanup: [{name: nightly, after: 0s}]\n"
BUDGETS = "budgets: [{name: team, tokens: 1000}]\n"


@pytest.fixture(scope="module")
def said() -> dict[str, Any]:
    return document(ROUTES)


def check(said: dict[str, Any], operation: dict[str, Any], status: int, kind: str, found: Any) -> None:
    """Fails where the answer is not as the document says, or has a field that it does not name."""
    response = operation["responses"][str(status)]
    response = said["components"]["responses"].get(response.get("$ref", "").rpartition("/")[2], response)
    schema = response["content"][kind]["schema"]
    closed = json.loads(json.dumps(said["components"]), object_hook=_close)
    validator = Draft202012Validator({**_close(dict(schema)), "components": closed})
    errors = [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(found)]
    assert errors == []


def _close(schema: dict[str, Any]) -> dict[str, Any]:
    if isinstance(schema.get("properties"), dict) and "additionalProperties" not in schema and "title" in schema:
        return {**schema, "additionalProperties": False}
    return schema


def test_the_document_is_valid_openapi(said: dict[str, Any]) -> None:
    validate(said)
    assert said["openapi"].startswith("3.1")
    assert set(said["components"]["securitySchemes"]) == {"bearer", "cookie"}


def test_every_route_is_in_the_document_and_says_what_it_is(said: dict[str, Any]) -> None:
    for route in ROUTES:
        operation = said["paths"][route.path][route.method.lower()]
        assert operation["summary"].endswith(".")
        assert {"200", "400", "401", "403", "503"} <= operation["responses"].keys()
        assert ({"bearer": []} in operation.get("security", [])) == (route.method == "POST")
    names = [operation["operationId"] for path in said["paths"].values() for operation in path.values()]
    assert len(set(names)) == len(names) == len(ROUTES) + 1


def test_the_document_in_docs_is_this_one(said: dict[str, Any]) -> None:
    assert json.loads(DOCS.read_text()) == said, f"write it anew: {HOW}"


def test_examples_are_as_the_document_says(said: dict[str, Any]) -> None:
    examples = 0
    for path in said["paths"].values():
        for operation in path.values():
            for status, response in operation["responses"].items():
                whole = said["components"]["responses"].get(response.get("$ref", "").rpartition("/")[2], response)
                for kind, content in whole.get("content", {}).items():
                    if "example" in content and kind != "text/event-stream":
                        check(said, operation, int(status), kind, content["example"])
                        examples += 1
    assert examples > 50


@pytest.fixture
async def ask(ask: Asking, tmp_path: Path) -> Asking:
    """With a silence, a message that may be answered, and a job that is to be deleted."""
    ask.inside.settings = settings(tmp_path, CONFIG.replace("rules:\n", silent.rules("slack")) + BUDGETS + CLEANUP)
    now, store = ask.clock.now(), ask.inside.store
    await store.write(lambda conn: silent.stuck(conn, store.epoch, now, sink="slack"))
    await store.write(lambda conn: silent.silenced(conn, store.epoch, now))
    await store.write(lambda conn: add_action(conn, deletion()))
    return ask


async def test_every_answer_is_as_the_document_says(said: dict[str, Any], ask: Asking) -> None:
    every: dict[str, list[tuple[str, dict[str, Any]]]] = {
        **READS,
        "/api/v1/deliveries/{id}": [(f"/deliveries/{await some_delivery(ask)}", {})],
    }
    assert every.keys() == {route.path for route in ROUTES if route.method == "GET"}
    for path, questions in every.items():
        for asked, query in questions:
            found = await ask.get(asked, **query)
            check(said, said["paths"][path]["get"], 200, "application/json", found)
            assert found.get("items") != [], f"nothing to check in {asked} {query}"


async def test_every_change_answers_as_the_document_says(said: dict[str, Any], ask: Asking) -> None:
    dead = await some_delivery(ask)
    for path, asked in (
        ("/api/v1/deliveries/{id}/retry", f"/deliveries/{dead}/retry"),
        ("/api/v1/deliveries/{id}/drop", f"/deliveries/{dead}/drop"),
        ("/api/v1/sinks/{name}/test", "/sinks/slack/test"),
        ("/api/v1/notifications/{id}/snooze", f"/notifications/{silent.STUCK}/snooze?for=1h"),
        ("/api/v1/notifications/{id}/ack", f"/notifications/{silent.STUCK}/ack?by=ann"),
        ("/api/v1/silences/preview", "/silences/preview?match=true"),
        ("/api/v1/silences", "/silences?match=true&for=1h&owner=ann&comment=why"),
        ("/api/v1/silences/{id}/end", f"/silences/{silent.SILENCE}/end"),
    ):
        plain, _, query = asked.partition("?")
        found = await ask.post(plain, **dict(parse_qsl(query)))
        check(said, said["paths"][path]["post"], 200, "application/json", found)


async def some_delivery(ask: Asking) -> str:
    """One that was given up after an attempt."""
    found: str = (await ask.items("/deliveries", state="dead"))[0]["id"]
    return found
