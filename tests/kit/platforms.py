"""Accounts on the emulated platforms, ready for a rig."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from monitor.providers import registry
from monitor.providers.options import AccountOptions

FAST = {"requests_per_second": 10_000, "burst": 10_000}


def model_studio(**more: Any) -> Callable[[str], Sequence[AccountOptions]]:
    """One account that watches the jobs of the emulated Model Studio."""

    def make(address: str) -> Sequence[AccountOptions]:
        settings = {
            "name": "llm",
            "provider": "model-studio",
            "api_key": "sk-demo",
            "endpoint": f"{address}/api/v1",
            "budget": FAST,
            "jobs": {},
        }
        return [registry.options("model-studio").model_validate(settings | more)]

    return make


def modelarts(**more: Any) -> Callable[[str], Sequence[AccountOptions]]:
    """One account that watches the jobs of the emulated ModelArts; `training_flavors={}` and so on add watches."""

    def make(address: str) -> Sequence[AccountOptions]:
        settings = {
            "name": "ascend",
            "provider": "modelarts",
            "region": "cn-north-4",
            "endpoint": address,
            "project_id": "p-demo",
            "access_key": "AKDEMO",
            "secret_key": "SKDEMO",
            "budget": FAST,
            "jobs": {},
        }
        return [registry.options("modelarts").model_validate(settings | more)]

    return make
