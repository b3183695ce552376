"""Entries of both catalogues: one offer looks the same however the platform spells it."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest

from monitor.model import Catalogue, Flavor
from monitor.providers.modelarts.parse_flavor import parse_resource_flavor, parse_training_flavor
from monitor.providers.ports import Decoded, Malformed

TRAINING: dict[str, Any] = {
    "flavor_id": "modelarts.vm.npu.8ascend",
    "flavor_name": "8*Ascend",
    "flavor_type": "Ascend",
    "billing": {"code": "modelarts.vm.npu.8ascend", "unit_num": 1},
    "flavor_info": {
        "max_num": 32,
        "cpu": {"arch": "arm64", "core_num": 192},
        "npu": {"unit_num": "8", "product_name": "snt9b", "memory": "64GB"},
        "memory": {"size": 1536, "unit": "GB"},
        "disk": {"size": 500, "unit": "GB"},
    },
    "attributes": {"is_free": "false"},
}
RESOURCE: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "ResourceFlavor",
    "metadata": {"name": "modelarts.vm.cpu8u32g", "labels": {"os.modelarts/scope": "Train.Notebook"}},
    "spec": {
        "type": "Dedicate",
        "cpuArch": "x86",
        "cpu": "8",
        "memory": "32Gi",
        "gpu": {"type": "v100", "size": "1"},
        "dataVolume": [{"volumeType": "SSD", "size": "500"}, {"volumeType": "SAS", "size": "100"}],
        "billingModes": [1, 0],
        "billingCode": "modelarts.vm.cpu.8ud",
        "jobFlavors": ["Train", "Notebook"],
    },
    "status": {"phase": {"cn-north-7a": "soldout", "cn-north-7c": "normal"}},
}


def training(entry: Any) -> Decoded[Flavor]:
    return parse_training_flavor(json.dumps(entry).encode())


def resource(entry: Any) -> Decoded[Flavor]:
    return parse_resource_flavor(json.dumps(entry).encode())


def put(entry: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy with `value` at the dotted path; `...` takes the name away."""
    copy = deepcopy(entry)
    *parents, name = path.split("/")
    section = copy
    for parent in parents:
        section = section.setdefault(parent, {})
    if value is ...:
        section.pop(name, None)
    else:
        section[name] = value
    return copy


def test_a_training_flavor_is_read_whole() -> None:
    decoded = training(TRAINING)
    assert decoded.drift == ()
    assert decoded.item == Flavor(
        id="modelarts.vm.npu.8ascend",
        catalogue=Catalogue.TRAINING,
        name="8*Ascend",
        type="Ascend",
        max_nodes=32,
        specification={
            "cpu_arch": "arm64",
            "cpu_cores": 192,
            "npu": "snt9b",
            "npu_count": 8,
            "npu_memory_gb": 64,
            "memory_gb": 1536,
            "disk_gb": 500,
        },
        billing={"code": "modelarts.vm.npu.8ascend", "units": 1},
        zones={},
    )


def test_a_resource_flavor_is_read_whole() -> None:
    decoded = resource(RESOURCE)
    assert decoded.drift == ()
    assert decoded.item == Flavor(
        id="modelarts.vm.cpu8u32g",
        catalogue=Catalogue.RESOURCE,
        type="Dedicate",
        specification={
            "cpu_arch": "x86",
            "cpu_cores": 8,
            "memory_gb": 32,
            "gpu": "v100",
            "gpu_count": 1,
            "data_volumes": "SAS 100, SSD 500",
            "job_types": "Notebook,Train",
            "scope": "Notebook,Train",
        },
        billing={"code": "modelarts.vm.cpu.8ud", "modes": "0,1"},
        zones={"cn-north-7a": "soldout", "cn-north-7c": "normal"},
    )


SAME_RESOURCE = [
    ("spec/cpu", 8),
    ("spec/cpu", 8.0),
    ("spec/memory", "32"),
    ("spec/memory", 32),
    ("spec/memory", "32GiB"),
    ("spec/memory", "32768Mi"),
    ("spec/gpu", {"type": "v100", "size": 1}),
    ("spec/npu", None),
    ("spec/billingModes", [0, 1]),
    ("spec/billingModes", ["1", "0"]),
    ("spec/jobFlavors", ["Notebook", "Train"]),
    ("status/phase", {"cn-north-7c": "normal", "cn-north-7a": "soldout"}),
]


@pytest.mark.parametrize(("path", "value"), SAME_RESOURCE)
def test_another_spelling_is_no_change(path: str, value: Any) -> None:
    assert resource(put(RESOURCE, path, value)).item == resource(RESOURCE).item


def test_the_other_spelling_of_the_volumes_is_no_change() -> None:
    other = put(RESOURCE, "spec/dataVolume", ...)
    other["spec"]["dataVolumes"] = [{"volumeType": "SAS", "size": 100}, {"volumeType": "SSD", "size": "500Gi"}]
    assert resource(other).item == resource(RESOURCE).item


SAME_TRAINING = [
    ("flavor_info/npu/unit_num", 8),
    ("flavor_info/npu/memory", "64 GB"),
    ("flavor_info/disk/size", "500"),
    ("flavor_info/memory", {"size": 1.5, "unit": "TB"}),
    ("flavor_info/memory", {"size": "1536", "unit": "GiB"}),
    ("max_num", 32),
    ("flavor_info/gpu", None),
]


@pytest.mark.parametrize(("path", "value"), SAME_TRAINING)
def test_another_spelling_of_a_training_flavor_is_no_change(path: str, value: Any) -> None:
    assert training(put(TRAINING, path, value)).item == training(TRAINING).item


@pytest.mark.parametrize("status", [..., None, {}, {"phase": None}, {"phase": {}}])
def test_a_missing_status_is_no_stock(status: Any) -> None:
    assert resource(put(RESOURCE, "status", status)).item.zones == {}


def test_an_unknown_stock_word_is_kept_and_noted() -> None:
    decoded = resource(put(RESOURCE, "status/phase", {"z": "limited", "y": "normal"}))
    assert decoded.item.zones == {"z": "limited", "y": "normal"}
    assert [(drift.kind, drift.word) for drift in decoded.drift] == [("stock", "limited")]


def test_unknown_names_are_noted() -> None:
    decoded = resource(put(put(RESOURCE, "spec/tpu", {"x": "secret"}), "extra", "secret"))
    assert {drift.word for drift in decoded.drift} == {"spec.tpu", "extra"}
    assert "secret" not in repr(decoded)
    assert {drift.word for drift in training(put(TRAINING, "flavor_info/tpu", 1)).drift} == {"flavor_info.tpu"}


@pytest.mark.parametrize(
    ("entry", "item_id"),
    [
        (put(RESOURCE, "metadata/name", ...), None),
        (put(RESOURCE, "metadata", None), None),
        (put(RESOURCE, "metadata", 5), None),
        (put(RESOURCE, "spec", []), "modelarts.vm.cpu8u32g"),
        (put(RESOURCE, "status", "normal"), "modelarts.vm.cpu8u32g"),
        (put(RESOURCE, "status/phase", ["normal"]), "modelarts.vm.cpu8u32g"),
        (put(RESOURCE, "status/phase", {"z": None}), "modelarts.vm.cpu8u32g"),
        (put(RESOURCE, "status/phase", {"z": ""}), "modelarts.vm.cpu8u32g"),
        ([], None),
        (5, None),
    ],
)
def test_a_resource_flavor_that_cannot_be_used_is_malformed(entry: Any, item_id: str | None) -> None:
    with pytest.raises(Malformed) as caught:
        resource(entry)
    assert caught.value.item_id == item_id


@pytest.mark.parametrize("entry", [put(TRAINING, "flavor_id", ""), put(TRAINING, "flavor_id", 5), None, []])
def test_a_training_flavor_without_an_id_is_malformed(entry: Any) -> None:
    with pytest.raises(Malformed):
        training(entry)
