"""What a failed exchange means to the operator, told without the URL, the headers or a byte of the answer."""

from __future__ import annotations

import errno

import aiohttp
from yarl import URL

from monitor.wire.fault import Fault, FaultKind


def place_of(url: str) -> tuple[URL, str]:
    """The URL and what may be shown of it: scheme, host and port; a user, a path or a query can hold a token."""
    try:
        where = URL(url, encoded=True)
        if where.scheme in ("http", "https") and where.host:
            return where, f"{where.scheme}://{where.host_port_subcomponent}"
    except ValueError:
        pass
    raise Fault(
        FaultKind.MISCONFIGURED, "the endpoint is no URL", hint="write https://host or https://host:port", sent=False
    )


_NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)
"""No connection was made, so the request cannot have arrived."""


def explain(error: Exception, place: str) -> Fault:
    """What a failed exchange means. Only the error's type is told: its text may hold the URL or bytes of the answer."""
    fault = _meaning(error, place)
    fault.sent = isinstance(error, (aiohttp.ClientError, OSError)) and not isinstance(error, _NOT_SENT)
    return fault


def _meaning(error: Exception, place: str) -> Fault:
    kind = type(error).__name__
    match error:
        case TimeoutError():
            return Fault(FaultKind.TRANSIENT, f"{place} did not answer in time")
        case aiohttp.ClientPayloadError():
            return Fault(FaultKind.SENSELESS, f"{place} cut its answer short or sent it garbled")
        case aiohttp.ClientResponseError():
            return Fault(FaultKind.SENSELESS, f"{place} answered something that is not HTTP ({kind})")
        case aiohttp.InvalidURL():
            return Fault(
                FaultKind.MISCONFIGURED, "the endpoint is no URL", hint="write https://host or https://host:port"
            )
        case aiohttp.ClientConnectorCertificateError():
            return Fault(
                FaultKind.TRANSIENT,
                f"the certificate of {place} is not valid",
                hint="check `endpoint`, the clock of this machine and its certificate authorities",
            )
        case aiohttp.ClientConnectorDNSError():
            return Fault(
                FaultKind.TRANSIENT, f"cannot find {place}: its name does not resolve", hint="check `endpoint` and DNS"
            )
        case aiohttp.ClientConnectorSSLError():
            return Fault(
                FaultKind.TRANSIENT,
                f"cannot speak TLS with {place}",
                hint="check that `endpoint` names an https port, not one for plain http",
            )
        case aiohttp.ClientConnectorError() if isinstance(error.os_error, ConnectionRefusedError):
            return Fault(
                FaultKind.TRANSIENT, f"{place} refuses connections", hint="check the port and that the server runs"
            )
        case OSError(errno=errno.EMFILE | errno.ENFILE):
            return Fault(
                FaultKind.TRANSIENT,
                f"cannot reach {place}: this process may open no further file or connection",
                hint="raise its limit (LimitNOFILE= of the unit, ulimit -n)",
            )
        case aiohttp.ServerDisconnectedError():
            return Fault(FaultKind.TRANSIENT, f"{place} closed the connection without an answer")
        case aiohttp.ClientError() | OSError():
            return Fault(FaultKind.TRANSIENT, f"cannot reach {place} ({kind})", hint="check `endpoint` and the network")
    return Fault(
        FaultKind.MISCONFIGURED,
        f"the request to {place} cannot be sent: a header is not valid",
        hint="look for line breaks in keys and tokens",
    )
