"""Drives the rules: reads the event log by its cursor, keeps their state, writes notifications and deliveries."""

from monitor.routing.router import Router

__all__ = ["Router"]
