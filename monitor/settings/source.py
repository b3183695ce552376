"""Reads the config file's bytes into text, or says plainly why that cannot be."""

from __future__ import annotations

import errno
from pathlib import Path

from monitor.settings.problems import ConfigErrors, Problem

MAX_BYTES = 1_048_576
_WHY = {
    errno.ENOENT: "there is no such file; give another one with --config FILE",
    errno.EACCES: "may not be read by this user; check its owner and mode",
    errno.EISDIR: "is a directory, not a file",
    errno.ELOOP: "is a link that leads back to itself",
}


def read_text(path: Path) -> str:
    """The file's text without a byte order mark. Raises ConfigErrors."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        why = _WHY.get(error.errno or 0, f"cannot be read: {error.strerror}")
        raise ConfigErrors([Problem(str(path), 1, 1, "", why)]) from error
    except ValueError as error:
        raise ConfigErrors([Problem(repr(str(path)), 1, 1, "", "is no file name")]) from error
    if len(raw) > MAX_BYTES:
        raise ConfigErrors([Problem(str(path), 1, 1, "", "is larger than 1 MiB, which no config file needs to be")])
    return decode(raw, str(path))


def decode(raw: bytes, file: str) -> str:
    """Text of UTF-8 bytes. Raises ConfigErrors that names the first byte which is not."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line = before.count(b"\n") + 1
        column = error.start - before.rfind(b"\n")
        if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
            message = "is UTF-16; save it as UTF-8"
        else:
            message = f"is not UTF-8 (byte 0x{raw[error.start]:02x}); save it as UTF-8"
        raise ConfigErrors([Problem(file, line, column, "", message)]) from error
