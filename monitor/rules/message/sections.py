"""The lists of a report: owners, failures, use, stock, accounts. Each is bounded and names the worst first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from monitor.fields.duration import format_duration
from monitor.model import Event, EventType
from monitor.rules.message.clean import cut, one_line
from monitor.rules.message.facts import Facts, counted, joined, money, thousands
from monitor.rules.message.jobs import job_story
from monitor.rules.message.places import stock_word
from monitor.rules.message.tally import Shelf, Tally, Troubles, Use, creator_of
from monitor.rules.message.used import quantity

_ROW = 200
_OUTCOMES = ("succeeded", "failed", "canceled")
_NOBODY = "nobody known"
TROUBLES = {
    EventType.ACCOUNT_UNREACHABLE: "unreachable",
    EventType.ACCOUNT_UNAUTHORIZED: "refused",
    EventType.ACCOUNT_VIEW_SHRUNK: "jobs missing at once",
}
_NOW = {EventType.ACCOUNT_UNREACHABLE: "not back yet", EventType.ACCOUNT_UNAUTHORIZED: "still refused"}


def owners(found: Tally, names: Mapping[str, str], rows: int) -> list[str]:
    users: dict[tuple[str, str], Counter[str]] = {}
    for event in found.ended.values():
        users.setdefault(creator_of(event), Counter())[outcome_of(event)] += 1
    owners: dict[str, Counter[str]] = {}
    for user, outcomes in users.items():
        owners.setdefault(_person(*user, names), Counter()).update(outcomes)
    if set(owners) <= {_NOBODY}:
        return []
    worst = sorted(owners.items(), key=lambda each: (-each[1]["failed"], -each[1].total(), each[0]))
    return _bounded([f"{name}: {by_outcome(counts)}" for name, counts in worst], rows)


def _person(provider: str, creator: str, names: Mapping[str, str]) -> str:
    return one_line(names.get(f"{provider}:{creator}", creator), 48) or _NOBODY


def failed(found: Tally, names: Mapping[str, str], rows: int) -> list[str]:
    """The newest first."""
    failed = [event for event in found.ended.values() if outcome_of(event) == "failed"]
    failed.sort(key=lambda event: event.seq, reverse=True)
    told = []
    for event in failed[:rows]:
        story = job_story(event)
        owner = _person(*creator_of(event), names)
        told.append(joined(joined(story.title, story.more, by=": "), owner if owner != _NOBODY else ""))
    return _bounded(told, rows, len(failed))


def mine(found: Tally, rows: int) -> list[str]:
    """Failures first, then the newest."""
    ended = sorted(found.ended.values(), key=lambda event: (outcome_of(event) != "failed", -event.seq))
    told = [joined(story.title, story.more, by=": ") for event in ended[:rows] for story in (job_story(event),)]
    return _bounded(told, rows, len(ended))


def uses(found: Tally, names: Mapping[str, str], rows: int, personal: bool) -> list[str]:
    """By owner and model, the most tokens first, then the most hours."""
    merged: dict[str, list[Use]] = {}
    for (provider, creator, model), use in found.used.items():
        owner = "" if personal else _person(provider, creator, names)
        merged.setdefault(joined(owner, one_line(model, 48) or "no model"), []).append(use)
    sums = sorted(
        ((key, summed(uses)) for key, uses in merged.items()),
        key=lambda each: (-each[1].tokens, -each[1].nodes, each[0]),
    )
    return _bounded([f"{key}: {use_text(use)}" for key, use in sums], rows)


def summed(uses: Iterable[Use]) -> Use:
    return sum(uses, start=Use())


def use_text(use: Use) -> str:
    if not (use.tokens or use.nodes or use.cards or use.costs or use.unpriced):
        return ""
    costs = " and ".join(money(cost, one_line(word, 8)) for word, cost in sorted(use.costs.items())[:4])
    free = joined(thousands(use.unpriced) if use.unpriced else "", quantity(None, use.unpriced_nodes or None, None))
    without = f"no price for {free}" if costs else "no price"
    told = joined(costs, without if free else "", by="; ")
    return use_amount(use) + (f" ({told})" if told else "")


def use_amount(use: Use) -> str:
    hours = use.nodes or use.cards
    return quantity(use.tokens if use.tokens or not hours else None, use.nodes or None, use.cards or None)


def stock(found: Tally, rows: int) -> list[str]:
    """The least in stock first; then what did not change, as far as an event of its flavor says what there is."""
    accounts = {account for account, _ in (*found.shelves, *found.offers)}
    turned = sorted(found.shelves.items(), key=lambda each: (each[1].share(), each[0][1]))
    told = [
        _whose(subject.partition("/")[2].rpartition("/"), account, accounts) + _shelf(shelf)
        for (account, subject), shelf in turned[:rows]
    ]
    still = [
        (account, flavor, str(zone), str(word))
        for (account, flavor), zones in sorted(found.offers.items(), key=lambda each: each[0][1])
        for zone, word in sorted(zones.items())
        if (account, f"flavor/{flavor}/{zone}") not in found.shelves
    ]
    told += [
        _whose((flavor, "/", zone), account, accounts) + f"{stock_word(one_line(word, 40))}, no change"
        for account, flavor, zone, word in still[: max(0, rows - len(told))]
    ]
    return _bounded(told, rows, len(turned) + len(still))


def _whose(place: tuple[str, str, str], account: str | None, accounts: Iterable[str | None]) -> str:
    name = f"{one_line(place[0], 80)} in {one_line(place[2], 40)}"
    return name + (f" ({one_line(account, 48)})" if account and len(set(accounts)) > 1 else "") + ": "


def _shelf(shelf: Shelf) -> str:
    known = (shelf.at - shelf.begin).total_seconds()
    share = f"in stock {format_duration(shelf.seconds.get('normal', 0.0))} of {format_duration(known)}"
    percent = f" ({100 * shelf.share():.0f} %)"
    return f"{share}{percent}, {counted(shelf.changes, 'change')}, {stock_word(one_line(shelf.word, 40))} now"


def accounts(found: Tally, rows: int) -> list[str]:
    bad = sorted((name, each) for name, each in found.accounts.items() if any(each.counts[kind] for kind in TROUBLES))
    return _bounded([f"{one_line(name, 48)}: {_trouble(each)}" for name, each in bad], rows)


def _trouble(troubles: Troubles) -> str:
    told = [f"{word} {_times(number)}" for kind, word in TROUBLES.items() if (number := troubles.counts[kind])]
    down = f"not seen for {format_duration(troubles.down)}" if troubles.down >= 1 else ""
    return joined(*told, down, _NOW.get(troubles.now, "") if troubles.now is not None else "", by=", ")


def _times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{thousands(number)} times")


def _bounded(told: Sequence[str], rows: int, total: int | None = None) -> list[str]:
    more = (total if total is not None else len(told)) - rows
    return [cut(row, _ROW) for row in told[:rows]] + ([f"and {thousands(more)} more"] if more > 0 else [])


def by_outcome(counts: Counter[str]) -> str:
    known = [word for word in _OUTCOMES if counts[word]] + sorted(set(counts) - set(_OUTCOMES))
    return ", ".join(f"{thousands(counts[word])} {word}" for word in known[:6])


def outcome_of(event: Event) -> str:
    return Facts(event.data).text("outcome", 20) or "ended"
