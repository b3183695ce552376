"""What the program says of itself while it runs: log lines, redacted; and foreign text made safe for a terminal."""

from monitor.telemetry.printable import printable
from monitor.telemetry.redact import HIDDEN, redact, redact_text
from monitor.telemetry.setup import LEVELS, set_up

__all__ = ["HIDDEN", "LEVELS", "printable", "redact", "redact_text", "set_up"]
