"""The lab: rules held against events that people write down or that the store remembers. Pure: no clock, no I/O."""
