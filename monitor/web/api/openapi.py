"""The OpenAPI 3.1 document, made from how the routes are declared, so that it says what they do."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from monitor import __version__
from monitor.store import Connection
from monitor.web.api.events import EventItem
from monitor.web.api.inside import Inside
from monitor.web.api.message import JSON, PROBLEM
from monitor.web.api.route import Answer, Asked, Route
from monitor.web.api.stream_doc import STREAM

PATH = "/api/v1/openapi.json"
_REF = "#/components/schemas/{name}"
_ABOUT = """\
Jobs, flavors, events, messages and usage as the training monitor knows them. Reading is open on the machine itself \
unless `http.token` is set; what changes something needs the token or the control socket. Lists come in pages: pass \
`next` as `cursor` until it is null. Every answer has an ETag; times are RFC 3339 in UTC; errors are RFC 9457."""
_EVERY = {
    400: "A parameter, a value or a cursor that does not exist; `hint` says what is right.",
    401: "The token is missing or wrong.",
    403: "Not allowed here: a foreign page or host, or a change that nobody vouches for.",
    429: "Too many wrong tokens; `Retry-After` says when to come back.",
    431: "The address or the headers are too long.",
    503: "The store is not available.",
}
_EVERY_PROBLEM = {str(status): {"$ref": f"#/components/responses/Problem{status}"} for status in _EVERY}
_TAGS = {"stock-history": "flavors", "openapi.json": "about", "status": "about", "watches": "accounts"}


class ProblemItem(Answer, frozen=True, kw_only=True):
    """RFC 9457. `detail` says what is wrong in one sentence, `hint` what would be right."""

    type: str
    title: str
    status: int
    detail: str
    hint: str


def route(routes: Sequence[Route]) -> Route:
    """The route of the document itself, which lists itself too. It is made when it is first asked for."""
    made: list[Route] = []

    @cache
    def text() -> msgspec.Raw:
        return msgspec.Raw(msgspec.json.encode(document([*routes, *made])))

    def fn(conn: Connection, inside: Inside, asked: Asked) -> msgspec.Raw:
        return text()

    made.append(Route(path=PATH, summary="This document.", fn=fn, asked=Asked, answer=dict[str, Any]))
    return made[0]


def document(routes: Sequence[Route]) -> dict[str, Any]:
    """OpenAPI 3.1 of these routes and of the stream."""
    answers = [*(route.answer for route in routes if route.item is None), EventItem, ProblemItem]
    schemas, components = msgspec.json.schema_components(answers, ref_template=_REF)
    said = iter(schemas)
    paths: dict[str, Any] = {}
    for each in routes:
        schema = _page_of(each.item, each.more) if each.item is not None else next(said)
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each, schema, components)
    paths["/api/v1/events/stream"] = {"get": {**STREAM, "responses": {**STREAM["responses"], **_EVERY_PROBLEM}}}
    whole = {
        "openapi": "3.1.0",
        "info": {
            "title": "Training Monitor",
            "version": __version__,
            "summary": "What a training monitor knows.",
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "Where this document was found."}],
        "security": [{}, {"bearer": []}, {"cookie": []}],
        "tags": [{"name": name} for name in dict.fromkeys(_tag(path) for path in paths)],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(components.items())),
            "responses": {f"Problem{status}": each for status, each in _problems(_EVERY).items()},
            "securitySchemes": _SECURITY,
        },
    }
    return _with_plain_names(whole)


_SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "`http.token` of the config."},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "training-monitor", "description": "A signed-in browser."},
}
_PROBLEM_EXAMPLE = {
    "type": "about:blank",
    "title": "Bad request",
    "status": 400,
    "detail": "The parameter `limit` must be a whole number from 1 to 1000, not '5000'.",
    "hint": "Leave it out for the default.",
}


def _operation(route: Route, schema: Mapping[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = {"schema": schema}
    if route.example is not None:
        answer["example"] = route.example
    good = {"description": "What was asked for.", "headers": {"ETag": _ETAG}, "content": {JSON: answer}}
    same = {304: {"description": "Nothing has changed since the ETag in If-None-Match."}}
    operation: dict[str, Any] = {
        "operationId": _name(route),
        "summary": route.summary,
        "tags": [_tag(route.path)],
        "parameters": [_parameter(route, field, components) for field in msgspec.structs.fields(route.asked)],
        "responses": {
            "200": good,
            **({} if route.method == "POST" else {str(status): each for status, each in same.items()}),
            **_EVERY_PROBLEM,
            **_problems(route.errors),
        },
    }
    if route.method == "POST":
        operation["security"] = [{"bearer": []}, {"cookie": []}]
    return operation


_ETAG = {"schema": {"type": "string"}, "description": "Send it as If-None-Match to hear only of changes."}


def _parameter(route: Route, field: msgspec.structs.FieldInfo, components: dict[str, Any]) -> dict[str, Any]:
    (schema,), more = msgspec.json.schema_components([field.type], ref_template=_REF)
    components.update(more)
    schema = _without_null(schema)
    if field.default not in (msgspec.NODEFAULT, None):
        schema = {**schema, "default": field.default}
    in_path = f"{{{field.encode_name}}}" in route.path
    description = schema.pop("description", None)
    found = {
        "name": field.encode_name,
        "in": "path" if in_path else "query",
        "required": field.required,
        "schema": schema,
    }
    return found | ({"description": description} if description else {})


def _without_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A parameter that is not wanted is left out, and never null."""
    if "anyOf" not in schema:
        return dict(schema)
    rest = {key: value for key, value in schema.items() if key != "anyOf"}
    (inner,) = [each for each in schema["anyOf"] if each != {"type": "null"}]
    return {**inner, **rest}


def _problems(errors: Mapping[int, str]) -> dict[str, Any]:
    problem: dict[str, Any] = {"schema": {"$ref": _REF.format(name="ProblemItem")}, "example": _PROBLEM_EXAMPLE}
    return {
        str(status): {"description": text, "content": {PROBLEM: problem}} for status, text in sorted(errors.items())
    }


def _page_of(item: Mapping[str, Any], more: Sequence[str]) -> dict[str, Any]:
    lists = {name: {"type": "array", "items": item} for name in ("items", *more)}
    return {
        "type": "object",
        "properties": {**lists, "next": {"type": "null"}},
        "required": ["items", "next", *more],
    }


def _name(route: Route) -> str:
    """`get_jobs_account_id`"""
    return re.sub(r"[^a-z]+", "_", f"{route.method.lower()}{route.path.removeprefix('/api/v1')}").strip("_")


def _tag(path: str) -> str:
    first = path.removeprefix("/api/v1/").partition("/")[0]
    return _TAGS.get(first, first)


def _with_plain_names(whole: dict[str, Any]) -> dict[str, Any]:
    """`JobItemPage` where msgspec says `Page_JobItem_`."""
    text = re.sub(rb'(["/])Page_(\w+?)_"', rb'\1\2Page"', msgspec.json.encode(whole))
    plain: dict[str, Any] = msgspec.json.decode(text)
    return plain


def write(path: str) -> None:
    """Writes the document of this program, as docs/ holds it."""
    from monitor.web.api.routes import ROUTES

    text = msgspec.json.format(msgspec.json.encode(document(ROUTES)), indent=2)
    Path(path).write_bytes(text + b"\n")
