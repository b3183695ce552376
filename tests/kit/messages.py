"""Three messages as people get them (a job finished, a job failed, a flavor sold out), and each service's own payload:
really sent through the `apprise` sink, with every host turned to loopback."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from unittest.mock import patch

import requests.adapters
from aiohttp import web
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from monitor.fields import SystemClock
from monitor.model import DEFAULT_SEVERITY, Delivery, Event, EventType, Notification, Reason, Receipt, Severity
from monitor.rules.message import render
from monitor.sinks.apprise import sink as apprise_sink
from monitor.sinks.apprise.options import Options
from monitor.wire import Http, new_session

NOON = datetime(2026, 11, 21, 4, 8, tzinfo=UTC)
STUDIO = {"name": "llm-beijing", "provider": "model-studio", "region": "cn-beijing", "labels": {}}
ARTS = {"name": "ascend-north", "provider": "modelarts", "region": "cn-north-4", "labels": {}}
CONSOLE = "https://bailian.console.aliyun.com/?tab=model#/efm/model_manager?jobId="
ANN = "1396993924585947"


def _job(id: str, name: str, model: str, **more: Any) -> dict[str, Any]:
    return {"id": id, "name": name, "model": model, "base_model": model, "creator": ANN, "url": CONSOLE + id, **more}


def events() -> list[Event]:
    """In the order in which they happened."""
    finished = _job("ft-202611210347-tiug", "客服问答-v3", "qwen3-14b", state="succeeded")
    finished |= {"output_model": "qwen3-14b-ft-202611210347-tiug", "ended_at": NOON.isoformat()}
    failed = _job("ft-202611210355-k2pd", "contract-extraction", "qwen3-32b", state="failed")
    failed |= {"ended_at": (NOON + timedelta(minutes=13)).isoformat()}
    why = {"code": "OutOfMemory", "message": "CUDA out of memory at step 412; lower batch_size or max_length"}
    used = {"tokens": 1_482_240, "cost": "44.47", "total_cost": "44.47", "currency": "CNY", "model": "qwen3-14b"}
    flavor = {"id": "modelarts.bm.npu.arm.8snt9b3.d", "catalogue": "resource_flavors", "zone": "cn-north-4a"}
    return [
        _event(1, 0, EventType.JOB_FINISHED, f"job/{finished['id']}", STUDIO, job=finished, usage=used,
               outcome="succeeded", duration=1245.0, attempt=1),
        _event(2, 13, EventType.JOB_FINISHED, f"job/{failed['id']}", STUDIO, job=failed, error=why,
               outcome="failed", duration=1545.0, attempt=1),
        _event(3, 20, EventType.FLAVOR_SOLD_OUT, "flavor/modelarts.bm.npu.arm.8snt9b3.d/cn-north-4a", ARTS,
               flavor={**flavor, "stock": "soldout"}, previous={"stock": "normal", "duration": 332.0}),
    ]  # fmt: skip


def _event(seq: int, minute: int, type: EventType, subject: str, account: dict[str, Any], **data: Any) -> Event:
    failed = data.get("outcome") == "failed"
    return Event(
        seq=seq,
        id=f"{seq:032x}",
        type=type,
        account=account["name"],
        subject=subject,
        revision=1,
        time=NOON + timedelta(minutes=minute),
        detected_at=NOON + timedelta(minutes=minute),
        severity=Severity.WARNING if failed else DEFAULT_SEVERITY.get(type, Severity.INFO),
        data={"account": account, **data},
    )


def deliveries() -> list[Delivery]:
    """One for each event, as the rule `jobs` or `stock` would make them."""
    made = []
    for event in events():
        rule = "stock" if event.subject.startswith("flavor/") else "jobs"
        text = render(
            [event],
            rule=rule,
            reason=Reason.NEW,
            severity=event.severity,
            now=event.detected_at,
            names={f"model-studio:{ANN}": "Ann"},
        )
        said = Notification(
            id=f"n-{event.seq}",
            rule=rule,
            severity=event.severity,
            reason=Reason.NEW,
            text=text,
            created_at=event.detected_at,
            events=(event,),
        )
        made.append(Delivery(id=f"d-{event.seq}", sink="team", attempt=1, notification=said))
    return made


async def payloads(url: str) -> list[Any]:
    """What the service behind an Apprise URL receives: the JSON bodies, or the mails."""
    if url.startswith("mailto"):
        return await _mails(url)
    got: list[Any] = []
    async with _service(got, "ok") as port:
        with _turned_to(port):
            await _send(url)
    return got


async def receipts(
    url: str,
    *,
    answer: str | Iterator[str],
    status: int = 200,
    made: list[Delivery] | None = None,
    got: list[Any] | None = None,
) -> list[Receipt]:
    """What the sink makes of a service that answers with this body, or with these in turn; `got` takes what arrived."""
    async with _service([] if got is None else got, answer, status) as port:
        with _turned_to(port):
            return await _send(url, made)


async def _send(url: str, made: list[Delivery] | None = None) -> list[Receipt]:
    async with new_session() as session:
        options = Options(name="team", type="apprise", url=url, timeout="10s")
        sink = apprise_sink.build(options, Http(session), SystemClock())
        found = [await sink.send(delivery) for delivery in made or deliveries()]
        await sink.aclose()
    return found


@asynccontextmanager
async def _service(got: list[Any], answer: str | Iterator[str], status: int = 200) -> AsyncIterator[int]:
    async def take(request: web.Request) -> web.Response:
        body = await request.read()
        got.append(body.decode() if "form" in request.content_type else json.loads(body))
        return web.Response(text=answer if isinstance(answer, str) else next(answer), status=status)

    app = web.Application()
    app.router.add_post("/{path:.*}", take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@contextmanager
def _turned_to(port: int) -> Iterator[None]:
    """Whatever host `requests` is asked for, the request goes to this port on loopback; all else is as it would be."""
    real = requests.adapters.HTTPAdapter.send

    def send(self: Any, request: Any, *given: Any, **named: Any) -> Any:
        request.url = f"http://127.0.0.1:{port}/"
        return real(self, request, *given, **named | {"proxies": {}})

    with patch.object(requests.adapters.HTTPAdapter, "send", send):
        yield


class _Inbox:
    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 OK"


async def _mails(url: str) -> list[Any]:
    """The mail as it is: only its host is another, and it is sent without TLS."""
    inbox = _Inbox()
    controller = Controller(inbox, hostname="127.0.0.1", port=0)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        controller.port = free.getsockname()[1]
    await asyncio.to_thread(controller.start)
    try:
        await _send(f"mailto://127.0.0.1:{controller.port}?mode=insecure&{url.partition('?')[2]}")
    finally:
        await asyncio.to_thread(controller.stop)
    return [
        {"from": mail["from"], "subject": mail["subject"], "text": mail.get_body(("plain",)).get_content()}  # type: ignore[union-attr]
        for mail in inbox.mails
    ]
