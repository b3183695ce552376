"""What the program says of itself while it runs: log lines, redacted; and foreign text made safe for a terminal.

Nothing is imported here: `printable` is for every command, the set-up of logging only for those that log."""
