"""What the config file may say of an `apprise` sink; whether the URL is one that Apprise takes is found at `build`."""

from __future__ import annotations

from typing import Literal

from monitor.fields import Secret
from monitor.sinks.options import Place, SinkOptions


class Options(SinkOptions):
    type: Literal["apprise"]
    url: Secret
    """Exactly one Apprise URL (https://github.com/caronc/apprise/wiki), as `slack://…` or `mailtos://…`."""

    def place(self) -> Place | None:
        """Loads Apprise. Raises ValueError where it does not take the URL."""
        from monitor.sinks.apprise.service import place_of

        return place_of(self.url)
