"""What the emulated platform rents out: the training flavors, and the resource flavors with their stock per zone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

ZONES = ("cn-north-7a", "cn-north-7b", "cn-north-7c")


@dataclass(slots=True, kw_only=True)
class TrainingFlavor:
    id: str
    type: str
    max_num: int
    cores: int
    memory: int
    arch: str = "x86"
    card: str = ""
    cards: int = 0
    card_memory: str = ""
    listed: bool = True

    def as_json(self) -> dict[str, Any]:
        info: dict[str, Any] = {
            "max_num": self.max_num,
            "cpu": {"arch": self.arch, "core_num": self.cores},
            "memory": {"size": self.memory, "unit": "GB"},
            "disk": {"size": 500, "unit": "GB"},
        }
        # The vendor writes the number of GPUs as a number and that of NPUs as a text.
        if self.type == "GPU":
            info["gpu"] = {"unit_num": self.cards, "product_name": self.card, "memory": self.card_memory}
        if self.type == "Ascend":
            info["npu"] = {"unit_num": str(self.cards), "product_name": self.card, "memory": self.card_memory}
        return {
            "flavor_id": self.id,
            "flavor_name": self.name(),
            "flavor_type": self.type,
            "billing": {"code": self.id, "unit_num": 1},
            "flavor_info": info,
            "attributes": {"data_format": "available", "is_free": "false"},
        }

    def name(self) -> str:
        cards = f"{self.cards}*{self.card} " if self.cards else ""
        return f"{cards}CPU: {self.cores} vCPUs {self.memory} GB"


@dataclass(slots=True, kw_only=True)
class ResourceFlavor:
    id: str
    cores: int
    memory: int
    arch: str = "x86"
    card_kind: str = ""
    card: str = ""
    cards: int = 0
    zones: dict[str, str] = field(default_factory=lambda: dict.fromkeys(ZONES, "normal"))
    labels: dict[str, str] = field(default_factory=dict)
    listed: bool = True

    def as_json(self) -> dict[str, Any]:
        spec: dict[str, Any] = {
            "type": "Dedicate",
            "cpuArch": self.arch,
            "cpu": str(self.cores),
            "memory": f"{self.memory}Gi",
            "dataVolume": [{"volumeType": "SSD", "size": "500"}],
            "billingModes": [0, 1],
            "billingCode": f"{self.id}d",
            "jobFlavors": ["Train", "Notebook"],
        }
        if self.card_kind:
            spec[self.card_kind] = {"type": self.card, "size": str(self.cards)}
        return {
            "apiVersion": "v1",
            "kind": "ResourceFlavor",
            "metadata": {"name": self.id, "labels": {"os.modelarts/scope": "Train.Notebook", **self.labels}},
            "spec": spec,
            "status": {"phase": dict(self.zones)},
        }


def training_flavors() -> list[TrainingFlavor]:
    """A catalogue of each type, fresh for each world."""
    return [
        TrainingFlavor(id="modelarts.vm.cpu.2u", type="CPU", max_num=1, cores=2, memory=8),
        TrainingFlavor(id="modelarts.vm.cpu.8u", type="CPU", max_num=16, cores=8, memory=32),
        TrainingFlavor(
            id="modelarts.p3.large.public",
            type="GPU",
            max_num=8,
            cores=8,
            memory=64,
            card="NVIDIA-V100",
            cards=1,
            card_memory="32GB",
        ),
        TrainingFlavor(
            id="modelarts.vm.npu.8ascend",
            type="Ascend",
            max_num=32,
            cores=192,
            memory=1536,
            arch="arm64",
            card="ascend-snt9b",
            cards=8,
            card_memory="64GB",
        ),
        TrainingFlavor(
            id="modelarts.vm.npu.1ascend",
            type="Ascend",
            max_num=4,
            cores=24,
            memory=192,
            arch="arm64",
            card="ascend-snt9b",
            cards=1,
            card_memory="64GB",
        ),
    ]


def resource_flavors() -> list[ResourceFlavor]:
    """Sorted by id, as the platform lists them; fresh for each world."""
    found = [
        ResourceFlavor(id="modelarts.vm.cpu8u32g", cores=8, memory=32),
        ResourceFlavor(id="modelarts.vm.cpu16u64g", cores=16, memory=64),
        ResourceFlavor(id="modelarts.p3.large.v100", cores=8, memory=64, card_kind="gpu", card="nvidia-v100", cards=1),
        ResourceFlavor(
            id="modelarts.bm.npu.arm.8snt9b",
            cores=192,
            memory=1536,
            arch="arm64",
            card_kind="npu",
            card="ascend-snt9b",
            cards=8,
            labels={"os.modelarts.flavor/baremetal": "true"},
        ),
    ]
    return sorted(found, key=lambda flavor: flavor.id)
