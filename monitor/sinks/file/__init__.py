"""Appends each message as one line of JSON to a file, and turns the file over when it has grown."""
