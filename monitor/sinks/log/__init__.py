"""Writes each message as one line of the daemon's own log."""
