"""The guarded HTTP client: what talks to the outside does it through here."""

from monitor.wire.fault import Fault, FaultKind
from monitor.wire.http import Answer, Gate, Http, OpenGate, Patience, new_session
from monitor.wire.retry_after import retry_after

__all__ = ["Answer", "Fault", "FaultKind", "Gate", "Http", "OpenGate", "Patience", "new_session", "retry_after"]
