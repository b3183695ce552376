"""What all lists do alike: ask page by page, show a table to people, and stream documents to programs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from difflib import get_close_matches
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor.cli.failure import USAGE, Failure
from monitor.cli.options import Output

if TYPE_CHECKING:
    from monitor.cli.asking import Asker, Value

Item = dict[str, Any]


def listed(
    config: Path | None,
    output: Output,
    path: str,
    limit: int,
    table: Callable[[list[Item]], None],
    *,
    oldest_first: bool = False,
    by_daemon: bool = False,
    **query: Value,
) -> None:
    """Prints the first `limit` items of a list of the API; `oldest_first` turns their order round; `by_daemon`:
    where there is none, it is told how to begin. Raises Failure, also for an account, a sink or a policy that
    nobody knows."""
    from monitor.cli import out
    from monitor.cli.asking import asking
    from monitor.cli.progress import counted, progress
    from monitor.cli.sockets import live_socket

    with asking(config) as ask:
        items: Iterator[Item] = ask.items(path, limit, **query)
        first = list(islice(items, 1))
        if not first:
            require_account(ask, query.get("account"))
            require_sink(ask, query.get("sink"))
            require_policy(ask, query.get("policy"))
        items = chain(first, items)
        if output is Output.TABLE or oldest_first:
            with progress("Reading …"):
                found = list(items)
            items = reversed(found) if oldest_first else iter(found)
        if output is Output.TABLE:
            table(list(items))
            if by_daemon and not first and live_socket(config) is None:
                out.line("A daemon finds them: training-monitor run")
        else:
            out.documents(output, counted(items, "Written"))


def require_account(ask: Asker, name: Value) -> None:
    """What nothing is known of may be a slip of the pen; an account that left the config is known by what it left.

    Raises Failure."""
    if name is None:
        return
    there = [account["name"] for account in ask.items("/api/v1/accounts", 1000)]
    if name not in there:
        raise Failure(f"No account is named {name!r}.", _there(str(name), there), code=USAGE)


def require_sink(ask: Asker, name: Value) -> None:
    """As `require_account`; a sink that left the config is known by its messages.

    Raises Failure."""
    if name is None:
        return
    there = [sink["name"] for sink in ask.items("/api/v1/sinks", 1000)]
    if name in there or any(ask.items("/api/v1/deliveries", 1, sink=name)):
        return
    raise Failure(f"No sink is named {name!r}.", _there(str(name), there), code=USAGE)


def require_policy(ask: Asker, name: Value) -> None:
    """As `require_account`; a policy that left the config is known by what it asked for.

    Raises Failure."""
    if name is None or any(ask.items("/api/v1/deletions", 1, policy=name)):
        return
    there = [policy["name"] for policy in ask.get("/api/v1/cleanup")["policies"]]
    if name not in there:
        hint = _there(str(name), there) if there else "The config has no `cleanup`."
        raise Failure(f"No policy is named {name!r}.", hint, code=USAGE)


def _there(name: str, there: list[str]) -> str:
    """The one that may be meant, and all."""
    close = get_close_matches(name, there, 1)
    meant = f"Did you mean `{close[0]}`? " if close else ""
    return f"{meant}There are: {', '.join(there)}."


def document(config: Path | None, path: str, **query: Value) -> Any:
    """One document of the API. Raises Failure."""
    from monitor.cli.asking import asking
    from monitor.cli.progress import progress

    with asking(config) as ask, progress("Reading …"):
        return ask.get(path, **query)


def one(config: Path | None, path: str, word: str) -> Any:
    """The item of the list at `path` with this id, or the one whose id begins so. Raises Failure."""
    from monitor.cli.asking import asking, segment
    from monitor.cli.ids import whole
    from monitor.cli.progress import progress

    with asking(config) as ask, progress("Reading …"):
        return ask.get(f"{path}/{segment(whole(ask, path, word))}")
