"""The page behind a signed link: a person answers a message without a log-in, and looking at it changes nothing."""

from monitor.web.answer.routes import answer_routes

__all__ = ["answer_routes"]
