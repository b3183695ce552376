"""Asks for one change of each of several things: one that cannot be changed harms no other, and is told in the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from monitor.cli.failure import PARTLY, Failure

if TYPE_CHECKING:
    from monitor.cli.asking import Asker, Value
    from monitor.cli.lists import Item

MOST_NAMED = 20
"""Reasons that are told."""
MOST_ALIKE = 2
"""Names that are told where several failed for one reason."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was changed, and what was not and why, by the name that was given."""

    done: list[Item] = field(default_factory=list)
    failed: list[tuple[str, Failure]] = field(default_factory=list)

    def complain(self, wrong: Callable[[int], str]) -> None:
        """Raises Failure where something failed: of the only one its own, else how many (`wrong`) and which, those of
        one reason together; PARTLY where others were changed."""
        if not self.failed:
            return
        first = self.failed[0][1]
        if not self.done and len(self.failed) == 1:
            raise first
        raise Failure(
            wrong(len(self.failed)),
            first.hint,
            code=PARTLY if self.done else first.code,
            details=tuple(self._reasons()),
        )

    def _reasons(self) -> Iterator[str]:
        """A line for each; where several failed alike one for all of them, with the first names."""
        together: dict[str, list[str]] = {}
        for name, failure in self.failed:
            together.setdefault(str(failure), []).append(name)
        for said, names in list(together.items())[:MOST_NAMED]:
            more = f" and {len(names) - MOST_ALIKE:,} more" if len(names) > MOST_ALIKE else ""
            yield f"{', '.join(names[:MOST_ALIKE])}{more}: {said}"
        if (left := sum(map(len, list(together.values())[MOST_NAMED:]))) > 0:
            yield f"… and {left:,} more"


def each(ask: Asker, path: str, ids: Sequence[str], what: str, **asked: Value) -> Outcome:
    """POSTs `<path>/<id>/<what>` for each of these ids, or beginnings of ids."""
    from monitor.cli.asking import segment
    from monitor.cli.ids import whole
    from monitor.cli.progress import progress

    found = Outcome()
    with progress("Changing …") as say:
        for number, name in enumerate(ids, 1):
            try:
                found.done.append(ask.post(f"{path}/{segment(whole(ask, path, name))}/{what}", **asked))
            except Failure as failure:
                found.failed.append((name, failure))
            say(f"{number:,} of {len(ids):,}")
    return found
