"""Signs a request with SDK-HMAC-SHA256, the vendor's scheme for access keys. Standard library only, no package imports:
the tests load this very file beside the official signer."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from urllib.parse import quote, unquote

ALGORITHM = "SDK-HMAC-SHA256"
DATE_FORMAT = "%Y%m%dT%H%M%SZ"
"""Of `X-Sdk-Date`, in UTC."""

Query = Sequence[tuple[str, str]]


def _encode(text: str) -> str:
    """Percent-encodes all but letters, digits and `_.-~`."""
    return quote(text, safe="~")


def query_string(query: Query) -> str:
    """The canonical query, sorted and encoded. It must be sent exactly so, for it is what is signed."""
    return "&".join(f"{_encode(key)}={_encode(value)}" for key, value in sorted(query))


def canonical_path(path: str) -> str:
    """Every segment decoded and encoded again, always ending with a slash (in the signed form only)."""
    encoded = "/".join(_encode(segment) for segment in unquote(path).split("/"))
    return encoded if encoded.endswith("/") else encoded + "/"


def signature(
    secret_key: str, *, method: str, path: str, query: Query, headers: Mapping[str, str], body: bytes
) -> tuple[str, str]:
    """The signed header names joined by `;`, and the signature. `headers` holds `Host` and `X-Sdk-Date`.

    Headers with `_` in their names are not signed. A body that is not JSON is not hashed where the header
    `X-Sdk-Content-Sha256` says so; `sign` sets it.
    """
    folded = {name.lower(): value.strip() for name, value in headers.items()}
    names = sorted(name for name in folded if "_" not in name)
    digest = hashlib.sha256(body).hexdigest()
    if body:
        digest = folded.get("x-sdk-content-sha256") or digest
    lines = "".join(f"{name}:{folded[name]}\n" for name in names)
    signed = ";".join(names)
    request = "\n".join((method.upper(), canonical_path(path), query_string(query), lines, signed, digest))
    text = "\n".join((ALGORITHM, folded["x-sdk-date"], hashlib.sha256(request.encode()).hexdigest()))
    return signed, hmac.new(secret_key.encode(), text.encode(), hashlib.sha256).hexdigest()


def sign(
    access_key: str,
    secret_key: str,
    *,
    method: str,
    host: str,
    path: str,
    date: str,
    query: Query = (),
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
) -> dict[str, str]:
    """The headers to send: those given, with `Host`, `X-Sdk-Date` and `Authorization`.

    `host` holds the port where the URL has one. `date` is in DATE_FORMAT; the gateway allows it to be 15 minutes off.
    Sign anew for every attempt.
    """
    signed_headers = {**(headers or {}), "X-Sdk-Date": date}
    given = {name.lower(): value for name, value in signed_headers.items()}
    content_type = given.get("content-type", "")
    if content_type and not content_type.startswith(("application/json", "application/bson")):
        signed_headers["X-Sdk-Content-Sha256"] = "UNSIGNED-PAYLOAD"
    if "host" not in given:
        signed_headers["Host"] = host
    names, mark = signature(secret_key, method=method, path=path, query=query, headers=signed_headers, body=body)
    signed_headers["Authorization"] = f"{ALGORITHM} Access={access_key}, SignedHeaders={names}, Signature={mark}"
    return signed_headers
