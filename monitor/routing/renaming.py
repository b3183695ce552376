"""Another name for an account, a sink or a rule in what the rules remember, so that what they wait for goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

from monitor.routing.memory import Rows, decode
from monitor.rules import RuleState
from monitor.rules.engine.piling import key_of
from monitor.rules.state import Followed, Pile
from monitor.store import Connection, Rename, load_rule_state, save_rule_state
from monitor.store.names import bears

T = TypeVar("T")
_TABLES = ("followed", "piles", "flips", "periods", "dark", "complaints")


def rename_in_memory(conn: Connection, wish: Rename) -> bool:
    """Whether anything bore the name before. Belongs into the transaction that renames the rest."""
    stored = load_rule_state(conn)
    before = decode(stored)
    after = renamed(before, wish)
    if after == before:
        return False
    fresh = Rows(RuleState()).encode(
        {(name, key): row for name in _TABLES for key, row in getattr(after, name).items()}
    )
    mine = tuple(f"{name}/" for name in (*_TABLES, "entries"))
    gone: dict[str, bytes | None] = {key: None for key in stored if key.startswith(mine) and key not in fresh}
    save_rule_state(conn, gone | {key: row for key, row in fresh.items() if stored.get(key) != row})
    return True


def is_taken(conn: Connection, wish: Rename) -> bool:
    """Whether it was done: all goes by the new name, and nothing by the one before."""
    if bears(conn, wish.kind, wish.before) or not bears(conn, wish.kind, wish.after):
        return False
    state = decode(load_rule_state(conn))
    return renamed(state, wish) == state


def renamed(state: RuleState, wish: Rename) -> RuleState:
    """Pure. Where both names have something of the same key, what the new one has stands."""
    new = _New(wish)
    return replace(
        state,
        followed=_moved(state.followed, new.subject, new.followed),
        piles={key: pile for _, key, pile in sorted(map(new.pile, state.piles.values()), key=lambda each: each[0])},
        flips=_moved(state.flips, new.subject, lambda row: replace(row, subject=new.subject(row.subject))),
        periods=_moved(state.periods, new.rule, lambda row: row),
        dark=_moved(state.dark, new.watch, lambda row: row),
        complaints=_moved(state.complaints, new.complaint, lambda row: row),
    )


def _moved(rows: Mapping[str, T], key: Callable[[str], str], row: Callable[[T], T]) -> dict[str, T]:
    """Those that keep their key come last, so that they stand."""
    turned = sorted(
        ((key(name) == name, key(name), row(each)) for name, each in rows.items()), key=lambda each: each[0]
    )
    return {name: each for _, name, each in turned}


class _New:
    """What each name and each key that holds one becomes."""

    def __init__(self, wish: Rename) -> None:
        self._kind, self._before, self._after = wish.kind, wish.before, wish.after

    def rule(self, name: str) -> str:
        return self._name("rule", name)

    def sink(self, name: str) -> str:
        return self._name("sink", name)

    def subject(self, text: str) -> str:
        """`<account>|<subject>`"""
        account, bar, about = text.partition("|")
        owner = self._name("account", account)
        if about == f"{self._kind}/{self._before}" and (self._kind != "account" or account == self._before):
            about = f"{self._kind}/{self._after}"
        return f"{owner}{bar}{about}"

    def watch(self, text: str) -> str:
        """`<account>`, `<account>|<watch>` or `*`."""
        account, bar, watch = text.partition("|")
        return f"{self._name('account', account)}{bar}{watch}"

    def group(self, text: str) -> str:
        """A subject, or the values of fields, of which the account's name may be one."""
        if "|" in text and "\x1f" not in text:
            return self.subject(text)
        return "\x1f".join(self._name("account", part) for part in text.split("\x1f"))

    def complaint(self, text: str) -> str:
        kind, slash, name = text.partition("/")
        return f"{kind}{slash}{self.rule(name)}"

    def followed(self, row: Followed) -> Followed:
        standings = {
            name: replace(each, sinks=tuple(map(self.sink, each.sinks)), group=self.group(each.group))
            for name, each in row.standings.items()
        }
        return replace(
            row,
            subject=self.subject(row.subject),
            watch=None if row.watch is None else self.watch(row.watch),
            timers=_moved(row.timers, self.rule, lambda each: each),
            standings=_moved(standings, self.rule, lambda each: each),
        )

    def pile(self, row: Pile) -> tuple[bool, str, Pile]:
        """Whether it is called as before, what it is called, and how it is now."""
        made = replace(
            row,
            rule=self.rule(row.rule),
            sink=self.sink(row.sink),
            key=self.group(row.key),
            entries=tuple(replace(each, subject=self.subject(each.subject)) for each in row.entries),
        )
        keys = [key_of(each.kind, each.rule, each.key, each.reason, each.sink) for each in (row, made)]
        return keys[0] == keys[1], keys[1], made

    def _name(self, kind: str, name: str) -> str:
        return self._after if kind == self._kind and name == self._before else name
