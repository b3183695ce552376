"""`/api/v1` without any transport: the web port, the control socket and commands without a daemon ask the same code."""

from monitor.web.api.api import Api
from monitor.web.api.inside import Inside
from monitor.web.api.message import Problem, Reply, Request

__all__ = ["Api", "Inside", "Problem", "Reply", "Request"]
