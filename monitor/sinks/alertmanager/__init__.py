"""Tells an Alertmanager: an alert begins with the event that sets a state, and ends with the one that ends it."""
