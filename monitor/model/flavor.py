"""What can be rented to train on: catalogue entries and their stock per availability zone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Catalogue(StrEnum):
    """The catalogue a flavor stands in; the ids of two catalogues may collide. The value is also the watch's name."""

    TRAINING = "training_flavors"
    RESOURCE = "resource_flavors"


NORMAL = "normal"
SOLD_OUT = "soldout"
"""Stock words. Any other word of a platform is kept as it is and reported once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flavor:
    """One entry of a catalogue. Two flavors are the same offer when all fields but `zones`' values are equal.

    `zones` maps a zone to its stock word; empty where the catalogue knows no stock (training flavors).
    `specification` is flat and comparable: what changes in it is a `flavor.changed`.
    """

    id: str
    catalogue: Catalogue
    name: str | None = None
    type: str | None = None
    """CPU, GPU, Ascend, Dedicate, Logical …"""
    max_nodes: int | None = None
    specification: Mapping[str, str | int | float] = field(default_factory=dict)
    billing: Mapping[str, str | int] = field(default_factory=dict)
    zones: Mapping[str, str] = field(default_factory=dict)
