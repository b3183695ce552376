"""Posts each event of a message by itself, as CloudEvents 1.0 in structured mode."""
