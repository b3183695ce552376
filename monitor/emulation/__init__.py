"""What the emulators share: faults to switch on and a tally of requests. Knows nothing of any platform."""

from monitor.emulation.faults import Cut, Fault, Faults, Held, Reply, Slow
from monitor.emulation.ports import Emulator

__all__ = ["Cut", "Emulator", "Fault", "Faults", "Held", "Reply", "Slow"]
