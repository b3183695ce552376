"""The rules at work: one event or one moment at a time, over a memory that is changed in place."""

from monitor.rules.engine.engine import Engine
from monitor.rules.engine.memory import Memory

__all__ = ["Engine", "Memory"]
