"""What the page is made of, read once: each file packed and tagged, under a path that changes with any of them."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

FOLDER = Path(__file__).parent / "static"
KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
INDEX = "index.html"
PLACE = b"{static}"
"""Stands in the page where the path of its files belongs."""
UNSEEN = b' action="/sign-out" hidden'
"""Stands in what only people with a session see: there without the last word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file as it is sent."""

    content_type: str
    body: bytes
    packed: bytes
    """The same, gzipped."""
    tag: str
    """Its ETag, without quotes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """`version` is made of the content of all files, so what is asked under it never changes."""

    version: str
    index: File
    signed_in: File
    """The same for a person with a session."""
    files: Mapping[str, File]
    """By path inside the folder: `js/main.js`."""


def read_site(folder: Path = FOLDER) -> Site:
    """The files below `folder`. One version for all, so that modules import each other by plain relative paths."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix in KINDS)
    bodies = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
    digest = hashlib.blake2b(digest_size=8)
    for name, body in bodies.items():
        digest.update(f"{name}\0{len(body)}\0".encode())
        digest.update(body)
    version = digest.hexdigest()
    index = bodies.pop(INDEX).replace(PLACE, f"/static/{version}".encode())
    files = {name: _file(name, body) for name, body in bodies.items()}
    signed_in = _file(INDEX, index.replace(UNSEEN, UNSEEN.removesuffix(b" hidden")))
    return Site(version=version, index=_file(INDEX, index), signed_in=signed_in, files=MappingProxyType(files))


def _file(name: str, body: bytes) -> File:
    packed = gzip.compress(body, compresslevel=9, mtime=0)
    tag = hashlib.blake2b(body, digest_size=8).hexdigest()
    return File(content_type=KINDS[Path(name).suffix], body=body, packed=packed, tag=tag)
