"""Reads the platforms on a schedule, and commits what changed: the only writer of jobs, flavors and their events."""
