"""What can go wrong with the store, said so that a person can act: one plain sentence and a hint."""

from __future__ import annotations


class StoreError(Exception):
    """`str(error)` is one sentence that names the place; `hint` is the remedy, or empty. Never holds a password."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class StoreLocked(StoreError):
    """Another process holds the store (or one row of it for too long)."""


class StoreMissing(StoreError):
    """There is no database yet, or no directory for one."""


class NotADatabase(StoreError):
    """The file is something else, or a database that this program did not make."""


class NewerDatabase(StoreError):
    """A newer version of this program has upgraded the database."""


class NotMigrated(StoreError):
    """An older version of this program made the database, and it may not be upgraded here and now."""


class StoreUnavailable(StoreError):
    """The database could not be reached, or the connection broke. A write that ends so may have been committed or
    not; the caller tries again, which compare-and-set makes harmless."""


class StoreFull(StoreUnavailable):
    """The disk is full; nothing of the write was kept."""


class StoreConflict(StoreError):
    """A uniqueness or reference rule of the database refused the write."""


class StaleWrite(StoreError):
    """A compare-and-set found a row that has moved since it was read; nothing of the write was kept."""


class StoreClosed(StoreError):
    """A write or read after `aclose`."""


_BRIEF: tuple[tuple[type[StoreError], str], ...] = (
    (StoreFull, "the disk is full"),
    (StoreLocked, "another process holds it"),
    (StoreMissing, "it is gone"),
    (NotADatabase, "it is damaged, or no database of this program"),
    (NewerDatabase, "a newer version of this program has upgraded it"),
    (StoreUnavailable, "it cannot be reached, or not be opened and written"),
    (StoreClosed, "it is closed"),
    (StoreError, "it refused the write"),
)


def in_brief(error: Exception) -> str:
    """Why nothing can be written, in plain words for whoever asks: no path and no host stands in them."""
    found = (words for kind, words in _BRIEF if isinstance(error, kind))
    return next(found, f"this program failed ({type(error).__name__})")
