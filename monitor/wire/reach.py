"""Whether a host can be reached at all: its name, its port, its TLS. Not one byte of a request is sent."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from monitor.wire.fault import Fault, FaultKind


@dataclass(frozen=True, slots=True)
class Reached:
    """`certificate_ends` is None without TLS."""

    seconds: float
    certificate_ends: datetime | None


async def reach(host: str, port: int, *, tls: bool, within: float = 10.0) -> Reached:
    """Connects, with TLS as a client would that trusts this machine's authorities, and hangs up. Raises Fault."""
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    began = time.monotonic()
    try:
        async with asyncio.timeout(within):
            context = ssl.create_default_context() if tls else None
            _, writer = await asyncio.open_connection(host, port, ssl=context)
    except (OSError, TimeoutError, UnicodeError) as error:
        raise _fault(error, place, within) from None
    seconds = time.monotonic() - began
    secured = writer.get_extra_info("ssl_object")
    ends = _ends(secured.getpeercert()) if secured is not None else None
    writer.close()
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(1.0):
            await writer.wait_closed()
    return Reached(seconds, ends)


def _ends(certificate: object) -> datetime | None:
    text = certificate.get("notAfter") if isinstance(certificate, dict) else None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(text), UTC) if isinstance(text, str) else None


def _fault(error: Exception, place: str, within: float) -> Fault:
    text, hint = _meaning(error, within)
    return Fault(FaultKind.TRANSIENT, f"{place} {text}", hint=hint, sent=False)


def _meaning(error: Exception, within: float) -> tuple[str, str]:
    match error:
        case TimeoutError():
            return f"did not answer within {within:g} s", "look for a firewall between this machine and it"
        case socket.gaierror() | UnicodeError():
            return "cannot be found: its name does not resolve", "check the name, and this machine's DNS"
        case ssl.SSLCertVerificationError():
            why = error.verify_message or "not trusted"
            return f"has a certificate that is not valid: {why}", "check the name, the clock and the authorities here"
        case ssl.SSLError():
            return "does not speak TLS", "check the port: it may be one for plain connections"
        case ConnectionRefusedError():
            return "refuses connections", "check the port, and that the service runs"
    reason = (getattr(error, "strerror", None) or type(error).__name__).lower()
    return f"cannot be reached: {reason}", "check the network of this machine"
