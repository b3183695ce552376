"""What the config file may say of an `apprise` sink; whether the URL is one that Apprise takes is found at `build`."""

from __future__ import annotations

from typing import Literal

from monitor.fields import Secret
from monitor.sinks.options import SinkOptions


class Options(SinkOptions):
    type: Literal["apprise"]
    url: Secret
    """Exactly one Apprise URL (https://github.com/caronc/apprise/wiki), as `slack://…` or `mailtos://…`."""
