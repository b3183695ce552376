"""Expressions of rules: the Common Expression Language over typed, nullable variables."""
