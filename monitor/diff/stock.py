"""Stock words of one zone: which poll's word is believed, and whether it went between sold out and normal."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from monitor.model import NORMAL, SOLD_OUT, KnownStock

_TOLD = frozenset({NORMAL, SOLD_OUT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A believed change from one of the two words to the other."""

    zone: str
    word: str
    before: KnownStock


def see_word(known: KnownStock | None, word: str, *, confirm: int, now: datetime) -> KnownStock:
    """One poll's word. The first word of a zone is believed at once; a change of it after `confirm` equal polls in a
    row, the poll that first showed it included."""
    if known is None:
        return KnownStock(word=word, raw=word, since=now)
    if word == known.raw:
        return forget_pending(known)
    count = known.pending_count + 1 if word == known.pending else 1
    if count < confirm:
        return replace(known, pending=word, pending_count=count)
    believed = replace(forget_pending(known), raw=word)
    if word == known.word or (known.word in _TOLD and word not in _TOLD):
        return believed
    return replace(believed, word=word, since=now, proven=True)


def forget_pending(known: KnownStock) -> KnownStock:
    """A row of equal polls is broken."""
    return known if known.pending is None else replace(known, pending=None, pending_count=0)


def turn(zone: str, before: KnownStock | None, after: KnownStock) -> Turn | None:
    """None where nothing is told: first sight, an unknown word, or back at the same of the two words."""
    if before is None or before.word == after.word or not {before.word, after.word} <= _TOLD:
        return None
    return Turn(zone=zone, word=after.word, before=before)


def is_settled(stock: KnownStock) -> bool:
    """False while the next poll counts even if it shows the same as the last."""
    return stock.pending is None
