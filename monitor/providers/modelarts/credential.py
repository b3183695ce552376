"""Takes secrets in hand at the last moment; makes the fingerprint under which bad signatures are counted."""

from __future__ import annotations

import hashlib

from monitor.fields import Secret
from monitor.wire import Fault, FaultKind


def reveal(name: str, secret: Secret) -> str:
    """The text of a key or token, fit for a header. Raises Fault (MISCONFIGURED) that names it, never the value."""
    try:
        text = secret.reveal().strip()
    except LookupError as error:
        raise Fault(FaultKind.MISCONFIGURED, f"{name} has no value: {error}", hint="see the config file") from None
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        problem = "is empty" if not text else "holds a blank, a line break or a character that no key has"
        raise Fault(FaultKind.MISCONFIGURED, f"{name} {problem}", hint="copy it again from the console")
    return text


def reveal_password(name: str, secret: Secret) -> str:
    """The password as it is, but for the line break that a file ends with. Raises Fault (MISCONFIGURED)."""
    try:
        return secret.reveal().rstrip("\r\n")
    except LookupError as error:
        raise Fault(FaultKind.MISCONFIGURED, f"{name} has no value: {error}", hint="see the config file") from None


def fingerprint(origin: str, parts: list[str]) -> str:
    """One way and slow (scrypt, some 50 ms), so that a short secret is not guessed from it. The project is no part of
    it: a key that is used for two projects is locked for both."""
    text = "\0".join(parts).encode()
    salt = f"training-monitor modelarts {origin}".encode()
    return hashlib.scrypt(text, salt=salt, n=2**14, r=8, p=1, maxmem=2**26, dklen=16).hex()
