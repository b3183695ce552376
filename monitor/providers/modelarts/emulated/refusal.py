"""How the emulated platform says no: the vendor's two envelopes, with its codes."""

from __future__ import annotations

import json

from aiohttp import web

from monitor.emulation import Reply


class Refusal(Exception):
    """Ends a request with an error answer."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    def response(self, request_id: str) -> web.Response:
        body = {"error_code": self.code, "error_msg": self.message}
        if self.code.startswith("APIGW"):
            body["request_id"] = request_id
        return web.json_response(body, status=self.status)


class IamRefusal(Refusal):
    """The identity service nests its errors one level deep."""

    def response(self, request_id: str) -> web.Response:
        error = {"code": self.status, "message": self.message, "title": self.code}
        return web.json_response({"error": error}, status=self.status)


def refuse(status: int, code: str, message: str, **headers: str) -> Reply:
    """A fault to switch on: the platform's error answer with that code. `Retry_After="7"` makes a header."""
    body = json.dumps({"error_code": code, "error_msg": message}).encode()
    return Reply(status=status, body=body, headers={name.replace("_", "-"): text for name, text in headers.items()})


def no_such_job() -> Refusal:
    return Refusal(400, "ModelArts.2775", "Training job not found.")
