"""Who a platform's user is: the names that `people` in the config gives, in both directions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from monitor.settings import Settings
from monitor.store import Owned


class People:
    """Names by account and creator."""

    def __init__(self, settings: Settings) -> None:
        self._providers: Mapping[str, str] = {account.name: account.provider for account in settings.accounts}
        self._names: Mapping[str, str] = {each: person.name for person in settings.people for each in person.ids}

    def name(self, account: str, creator: str | None) -> str | None:
        """The person's name; None where `people` does not say."""
        return self._names.get(f"{self._providers.get(account)}:{creator}") if creator else None

    @property
    def named(self) -> Mapping[str, str]:
        """Names by `<provider>:<id>`."""
        return self._names

    def owned(self, word: str) -> Sequence[Owned]:
        """The creators that the word means: a person's name, `<provider>:<id>`, or the platform's word for her."""
        mine = [identity for identity, name in self._names.items() if name == word]
        if mine:
            return [self._of(identity) for identity in mine]
        provider, colon, creator = word.partition(":")
        known = colon and creator and provider in self._providers.values()
        return [self._of(word)] if known else [Owned(creator=word)]

    def creators_like(self, text: str) -> Sequence[str]:
        """The ids of people in whose name the text stands, in any case."""
        found = (each.partition(":")[2] for each, name in self._names.items() if text.lower() in name.lower())
        return list(dict.fromkeys(found))

    def _of(self, identity: str) -> Owned:
        provider, _, creator = identity.partition(":")
        return Owned(creator=creator, accounts=[name for name, kind in self._providers.items() if kind == provider])
