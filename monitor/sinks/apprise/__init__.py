"""Sends each message through one Apprise URL: chat, e-mail, push and some hundred and thirty other services."""
