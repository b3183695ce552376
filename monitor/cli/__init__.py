"""The command line: one file per command group. What is heavy is imported by the command that needs it."""
