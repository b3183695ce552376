"""Emulated platforms on one port, and stories that play on them: for trying things out without an account."""
