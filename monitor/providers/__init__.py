"""Adapters to the platforms, one folder a kind. See docs/ for how to add one."""
