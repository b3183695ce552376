"""Where the store is: the config file's `store:` as a path or a server, never shown with its password."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, unquote, urlencode, urlsplit

from monitor.fields import Secret
from monitor.store.errors import StoreError

_SHOWN = frozenset({"host", "port", "sslmode", "sslrootcert", "sslcert", "sslkey", "target_session_attrs"})
"""Of an address's query, what may be shown; anything else may hold a secret."""
HINT = "Write sqlite:PATH (relative to the state directory) or postgresql://user@host/database."


@dataclass(frozen=True, slots=True)
class SqlitePlace:
    path: Path

    def __str__(self) -> str:
        return str(self.path)


@dataclass(frozen=True, slots=True)
class PostgresPlace:
    """`dsn` goes to the driver, which reads it as libpq does (sslmode, host in the query, PGPASSWORD, passfile)."""

    dsn: Secret
    shown: str = field(default="")

    def __str__(self) -> str:
        return self.shown

    @property
    def name(self) -> str:
        """The database's own name."""
        return unquote(urlsplit(self.dsn.reveal()).path.lstrip("/")) or "training_monitor"

    @property
    def address(self) -> str:
        """What its own tools take, without the password, which they ask for."""
        parts = urlsplit(self.dsn.reveal())
        login, at, server = parts.netloc.rpartition("@")
        kept = [(name, value) for name, value in parse_qsl(parts.query) if name in _SHOWN]
        query = f"?{urlencode(kept, safe='/')}" if kept else ""
        return f"postgresql://{login.partition(':')[0]}{at}{server}{parts.path}{query}"


Place = SqlitePlace | PostgresPlace


def parse_place(url: str | Secret, state_dir: Path) -> Place:
    """Raises StoreError that says what would be right."""
    text = url.reveal() if isinstance(url, Secret) else url
    scheme, colon, rest = text.partition(":")
    if colon and scheme == "sqlite" and rest and not rest.startswith("//") and rest != "memory":
        return SqlitePlace(state_dir.expanduser() / Path(rest).expanduser())
    if colon and scheme in ("postgresql", "postgres") and rest.startswith("//"):
        return PostgresPlace(Secret(text), _shown(text))
    raise StoreError("The store's address is neither a SQLite file nor a PostgreSQL server.", HINT)


def _shown(dsn: str) -> str:
    """Host, port and database: what a person needs to find the server, and nothing that was secret."""
    try:
        parts = urlsplit(dsn)
        port = parts.port
    except ValueError:
        raise StoreError("The store's address is no valid postgresql:// address.", HINT) from None
    host = parts.hostname or parse_qs(parts.query).get("host", ["the local socket"])[0]
    database = unquote(parts.path.lstrip("/"))
    return f"{host}{f':{port}' if port else ''}{f'/{database}' if database else ''}"
