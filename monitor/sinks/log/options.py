"""What the config file may say of a `log` sink: nothing but its name."""

from __future__ import annotations

from typing import Literal

from monitor.sinks.options import SinkOptions


class Options(SinkOptions):
    type: Literal["log"]

    @property
    def stays_here(self) -> bool:
        return True
