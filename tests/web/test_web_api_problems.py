"""What is asked wrongly is answered with one sentence that names it, and the remedy."""

from __future__ import annotations

from typing import Any

from monitor.web.api import Request
from tests.kit.api import SECRETS, Asking

BAD: list[tuple[str, dict[str, Any], str, str]] = [
    ("/jobs", {"limit": "abc"}, "The parameter `limit` must be a whole number from 1 to 1000, not 'abc'.", "default"),
    ("/jobs", {"limit": 1_000_000}, "The parameter `limit` must be a whole number from 1 to 1000", "default"),
    ("/jobs", {"limit": 0}, "from 1 to 1000, not '0'", ""),
    ("/jobs", {"limit": "1.0"}, "from 1 to 1000, not '1.0'", ""),
    ("/jobs", {"limit": "9" * 30}, "from 1 to 1000", ""),
    ("/jobs", {"limt": 5}, "There is no parameter 'limt' here.", "Did you mean `limit`? It takes: limit, cursor"),
    ("/jobs", {"limit": [1, 2]}, "The parameter `limit` stands twice.", "once"),
    ("/jobs", {"state": "runing"}, "The parameter `state` must be one of pending, queued", "Did you mean `running`?"),
    ("/jobs", {"state": "bogus"}, "The parameter `state` must be one of", "Give one of: pending, queued, running,"),
    ("/jobs", {"active": "perhaps"}, "The parameter `active` must be true or false, not 'perhaps'.", "true or"),
    ("/jobs", {"account": ""}, "The parameter `account` must be a text that is not empty", ""),
    (
        "/jobs",
        {"search": "a\0b"},
        "The parameter `search` has line breaks or other control characters in it.",
        "one line",
    ),
    ("/jobs", {"search": "x" * 5000}, "The parameter `search` is longer than 2000 characters.", ""),
    ("/jobs", {"search": "\ud800"}, "The parameter `search` is no text.", "UTF-8"),
    ("/jobs", {"find": "x", "state": "failed"}, "`find` goes with no other filter", "one at a time"),
    ("/jobs", {"since": "yesterday"}, "The parameter `since` is no time: 'yesterday'.", "7d"),
    ("/jobs", {"since": "99999999d"}, "The parameter `since` is no time", "7d"),
    ("/jobs", {"cursor": "abc"}, "The parameter `cursor` is none that this list gave.", "`next` of the page before"),
    ("/jobs", {"cursor": "ä"}, "The parameter `cursor` is none", ""),
    ("/events", {"type": "job.finish"}, "no event type matches 'job.finish'; did you mean job.finished?", "job.*"),
    ("/events", {"order": "upwards"}, "The parameter `order` must be one of newest, oldest", ""),
    ("/events", {"after": -1}, "The parameter `after` must be a whole number", ""),
    ("/events", {"until": "2026-13-01"}, "The parameter `until` is no time", ""),
    ("/stock-history", {}, "The parameter `since` is missing.", "Add ?since="),
    ("/usage", {"by": "dya"}, "'dya' is no grouping", "day, week, month, owner, model, flavor, account and label:KEY"),
    ("/usage", {"timezone": "Asia/Shangai"}, "no time zone 'Asia/Shangai'.", "Did you mean Asia/Shanghai?"),
    ("/usage", {"by": "day,day"}, "names a grouping twice", ""),
    ("/usage", {"since": "1d", "until": "2d"}, "`until` is not after `since`", "2d is before 1d"),
    ("/usage", {"account": "nort"}, "No account is named 'nort'.", "Did you mean `north`? There are: north, llm."),
    ("/usage/running", {"account": "nobody"}, "No account is named 'nobody'.", "There are: north, llm."),
    ("/status", {"x": 1}, "There is no parameter 'x' here.", "It takes no parameters."),
    ("/jobs/north/north-0-1", {"account": "llm"}, "There is no parameter 'account' here.", ""),
]


async def test_what_is_asked_wrongly_is_named_with_its_remedy(ask: Asking) -> None:
    for path, query, detail, hint in BAD:
        problem = await ask.problem(path, **query)
        assert problem["status"] == 400, (path, query)
        assert detail in problem["detail"], problem
        assert not problem["detail"].endswith("?."), problem
        assert hint in problem["hint"], problem
        assert problem["hint"] != "", problem


async def test_a_cursor_of_another_list_or_with_a_slip_in_it_is_refused(ask: Asking) -> None:
    cursor = (await ask.get("/events", limit=1))["next"]
    assert await ask.get("/events", cursor=cursor)
    for path, foreign in (
        ("/deliveries", cursor),
        ("/jobs", cursor),
        ("/flavors", cursor),
        ("/events", cursor[:-1]),
        ("/events", cursor + "="),
        ("/events", ("A" if cursor[0] != "A" else "B") + cursor[1:]),
    ):
        assert "`cursor`" in (await ask.problem(path, cursor=foreign))["detail"]
    assert "`cursor`" in (await ask.problem("/events", cursor=cursor, order="oldest"))["detail"]


async def test_what_is_not_there_is_not_found(ask: Asking) -> None:
    for path in (
        "/jobs/north/nobody",
        "/jobs/nobody/north-0-1",
        "/flavors/north/nobody/history",
        "/flavors/llm/ascend-0/history",
        "/events/4711",
        "/events/nobody",
        "/notifications/nobody",
        "/deliveries/nobody",
        "/nobody",
        "/",
    ):
        problem = await ask.problem(path)
        assert (problem["status"], problem["hint"] != "") == (404, True), path


async def test_a_method_that_a_path_has_not_is_refused_with_those_it_has(ask: Asking) -> None:
    for path, method, allowed in (
        ("/jobs", "POST", "GET, HEAD"),
        ("/jobs", "DELETE", "GET, HEAD"),
        ("/sinks/slack/test", "GET", "POST"),
    ):
        reply = await ask.reply(path, method, who="ann")
        assert (reply.status, reply.headers["Allow"]) == (405, allowed)


async def test_an_answer_that_has_not_changed_is_not_sent_again(ask: Asking) -> None:
    first = await ask.api.answer(Request(path="/api/v1/jobs"))
    for tag in (first.headers["ETag"], f'W/{first.headers["ETag"]}, "other"'):
        again = await ask.api.answer(Request(path="/api/v1/jobs", if_none_match=tag))
        assert (again.status, again.body) == (304, b"")
    assert (await ask.api.answer(Request(path="/api/v1/jobs", if_none_match='"x"'))).status == 200
    assert (await ask.reply("/jobs", "HEAD")).status == 200


async def test_a_store_that_is_not_there_is_told_plainly(ask: Asking) -> None:
    await ask.inside.store.aclose()
    problem = await ask.problem("/jobs")
    assert (problem["status"], problem["detail"]) == (503, "The store is closed.")


async def test_no_route_shows_a_secret_of_the_config(ask: Asking) -> None:
    shown = b""
    for path in ("status", "accounts", "watches", "jobs", "flavors", "events", "notifications", "deliveries", "sinks"):
        shown += (await ask.reply(f"/{path}", limit=1000) if path != "status" else await ask.reply("/status")).body
    for path in ("/rules", "/usage", "/openapi.json", "/notifications/n01", "/events/1", "/jobs/north/north-0-1"):
        shown += (await ask.reply(path)).body
    for path, query in (("/sinks/slack/test", {}), ("/deliveries/x/retry", {}), ("/deliveries/x/drop", {})):
        shown += (await ask.reply(path, "POST", who="ann", **query)).body
    assert len(shown) > 100_000
    assert [secret for secret in SECRETS if secret.encode() in shown] == []
