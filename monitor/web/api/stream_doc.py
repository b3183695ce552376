"""What the OpenAPI document says of the stream of events, which the web serves and no route."""

from __future__ import annotations

from typing import Any, Final

_TEXT: Final = {"type": "string", "minLength": 1}
STREAM: Final[dict[str, Any]] = {
    "operationId": "get_events_stream",
    "summary": "Events as they are stored.",
    "description": "Server-sent events: `id` is the event's number, `event` its type, `data` the event as JSON. A"
    " reader that comes back with Last-Event-ID (browsers do) misses nothing; without it the stream begins now."
    " Comments come when nothing happens.",
    "tags": ["events"],
    "parameters": [
        {
            "name": "type",
            "in": "query",
            "required": False,
            "description": "Types, `*` as a glob; may be repeated.",
            "schema": {"type": "array", "items": _TEXT},
        },
        {"name": "account", "in": "query", "required": False, "schema": _TEXT},
        {"name": "subject", "in": "query", "required": False, "schema": _TEXT},
        {
            "name": "after",
            "in": "query",
            "required": False,
            "description": "Begin behind this number.",
            "schema": {"type": "integer", "minimum": 0},
        },
        {
            "name": "Last-Event-ID",
            "in": "header",
            "required": False,
            "description": "As `after`, and before it.",
            "schema": {"type": "string", "pattern": "^[0-9]{1,18}$"},
        },
    ],
    "responses": {
        "200": {
            "description": "The stream; it does not end by itself.",
            "content": {
                "text/event-stream": {
                    "schema": {"type": "string"},
                    "example": 'id: 17\nevent: job.finished\ndata: {"specversion": "1.0", "type": "job.finished"}\n\n',
                }
            },
        }
    },
}
