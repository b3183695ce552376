"""The daemon: straight-line wiring of the rooms, and its life from start to stop."""
