"""Value types that configuration and adapters share."""

from monitor.fields.clock import Clock, SystemClock
from monitor.fields.duration import Duration, format_duration, parse_duration
from monitor.fields.secret import Secret

__all__ = ["Clock", "Duration", "Secret", "SystemClock", "format_duration", "parse_duration"]
