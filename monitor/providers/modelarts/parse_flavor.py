"""Makes a `Flavor` of an entry of either catalogue; its specification is flat and does not flip with the spelling."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.model import NORMAL, SOLD_OUT, Catalogue, Flavor
from monitor.providers.modelarts.quantity import amount, gigabytes, sized
from monitor.providers.modelarts.reading import Reader, Section, decode, plain
from monitor.providers.ports import Decoded, Malformed

_TRAINING = frozenset(
    {"flavor_id", "flavor_name", "flavor_type", "max_num", "billing", "flavor_info", "attributes", "pool_id"}
    | {"support_engines", "support_groups"}
)
_INFO = frozenset({"max_num", "cpu", "gpu", "npu", "memory", "disk"})
_RESOURCE = frozenset({"apiVersion", "kind", "metadata", "spec", "status"})
_SPEC = frozenset(
    {"type", "cpuArch", "cpu", "memory", "gpu", "npu", "dataVolume", "dataVolumes", "rootVolume", "billingModes"}
    | {"billingCode", "jobFlavors"}
)
_STATUS = frozenset({"phase"})
_SCOPE_LABEL = "os.modelarts/scope"
_LABELS = (("os.modelarts.flavor/baremetal", "baremetal"), ("os.modelarts.flavor/localdisk", "local_disk"))
_KNOWN_STOCK = frozenset({NORMAL, SOLD_OUT})

Flat = dict[str, str | int | float]
Entry = str | int | float | None


def parse_training_flavor(raw: bytes) -> Decoded[Flavor]:
    """Raises Malformed for an entry without flavor_id. This catalogue knows no stock: `zones` is empty."""
    entry = decode(raw, "training flavor")
    read = Reader()
    flavor_id = _name(entry.get("flavor_id"), "a training flavor without flavor_id")
    read.unknown_names(entry, "", _TRAINING)
    info = _object(entry, "flavor_info", flavor_id)
    read.unknown_names(info, "flavor_info", _INFO)
    cpu = read.section(info, "cpu", "flavor_info.cpu")
    found: dict[str, Entry] = {"cpu_arch": amount(cpu.get("arch")), "cpu_cores": amount(cpu.get("core_num"))}
    for card in ("gpu", "npu"):
        part = read.section(info, card, f"flavor_info.{card}")
        found |= {
            card: amount(part.get("product_name")),
            f"{card}_count": amount(part.get("unit_num")),
            f"{card}_memory_gb": gigabytes(part.get("memory")),
        }
    found["memory_gb"] = sized(read.section(info, "memory", "flavor_info.memory"))
    found["disk_gb"] = sized(read.section(info, "disk", "flavor_info.disk"))
    billing = read.section(entry, "billing", "billing")
    flavor = Flavor(
        id=flavor_id,
        catalogue=Catalogue.TRAINING,
        name=read.text(entry, "flavor_name", "flavor_name"),
        type=read.text(entry, "flavor_type", "flavor_type", 80),
        # Both places are documented; the vendor's samples have only the inner one.
        max_nodes=read.count(entry, "max_num", "max_num") or read.count(info, "max_num", "flavor_info.max_num"),
        specification=_flat(found),
        billing=_billing({"code": amount(billing.get("code")), "units": amount(billing.get("unit_num"))}),
    )
    return Decoded(item=flavor, drift=read.drift)


def parse_resource_flavor(raw: bytes) -> Decoded[Flavor]:
    """Raises Malformed for an entry without metadata.name, or whose stock cannot be read (no zone may seem to go)."""
    entry = decode(raw, "resource flavor")
    read = Reader()
    metadata = _object(entry, "metadata", None)
    name = _name(metadata.get("name"), "a resource flavor without metadata.name")
    read.unknown_names(entry, "", _RESOURCE)
    spec = _object(entry, "spec", name)
    read.unknown_names(spec, "spec", _SPEC)
    labels = read.section(metadata, "labels", "metadata.labels")
    found: dict[str, Entry] = {
        "cpu_arch": amount(spec.get("cpuArch")),
        "cpu_cores": amount(spec.get("cpu")),
        "memory_gb": gigabytes(spec.get("memory")),
        "data_volumes": _volumes(read, spec),
        "job_types": _words(spec.get("jobFlavors")),
        "scope": _words(_split(labels.get(_SCOPE_LABEL))),
        **{key: amount(labels.get(label)) for label, key in _LABELS},
    }
    for card in ("gpu", "npu"):
        part = read.section(spec, card, f"spec.{card}")
        found |= {
            card: amount(part.get("type")),
            f"{card}_count": amount(part.get("size")),
            f"{card}_memory_gb": gigabytes(part.get("memory")),
        }
    flavor = Flavor(
        id=name,
        catalogue=Catalogue.RESOURCE,
        type=read.text(spec, "type", "spec.type", 80),
        specification=_flat(found),
        billing=_billing({"code": amount(spec.get("billingCode")), "modes": _words(spec.get("billingModes"))}),
        zones=_zones(read, entry, name),
    )
    return Decoded(item=flavor, drift=read.drift)


def _zones(read: Reader, entry: Section, name: str) -> dict[str, str]:
    """`status.phase` maps zone codes to words; a missing status means that the catalogue tells no stock."""
    status = _object(entry, "status", name)
    read.unknown_names(status, "status", _STATUS)
    zones: dict[str, str] = {}
    for zone, word in _object(status, "phase", name).items():
        if not isinstance(word, str) or not plain(word, 80) or not plain(zone, 80):
            raise Malformed("a resource flavor whose stock in a zone is no word", name)
        zones[plain(zone, 80)] = plain(word, 80)
        if word not in _KNOWN_STOCK:
            read.note("stock", word)
    return zones


def _name(found: object, problem: str) -> str:
    if not isinstance(found, str) or not plain(found, 200):
        raise Malformed(problem)
    return plain(found, 200)


def _object(parent: Section, key: str, item_id: str | None) -> Section:
    """Absent and null are empty; anything else that is no object raises Malformed."""
    found = parent.get(key)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise Malformed(f"a flavor whose {key} is no object", item_id)
    return found


def _volumes(read: Reader, spec: Section) -> str | None:
    """`SSD 500, SAS 100`. Sites spell the key differently (reference, section 6.2)."""
    key = "dataVolumes" if spec.get("dataVolumes") else "dataVolume"
    if isinstance(spec.get(key), dict):
        rows = [read.section(spec, key, f"spec.{key}")]
    else:
        rows = read.rows(spec, key, f"spec.{key}")
    words = [f"{amount(row.get('volumeType')) or '?'} {gigabytes(row.get('size')) or '?'}" for row in rows]
    return ", ".join(sorted(words)) or None


def _split(found: object) -> list[str]:
    return found.split(".") if isinstance(found, str) else []


def _words(found: object) -> str | None:
    """The words of a list, sorted: their order means nothing."""
    if not isinstance(found, list):
        return None
    words = {str(word) for word in map(amount, found) if word is not None}
    return plain(",".join(sorted(words)), 400) or None


def _flat(found: Mapping[str, Entry]) -> Flat:
    return {key: value for key, value in found.items() if value is not None}


def _billing(found: Mapping[str, Entry]) -> dict[str, str | int]:
    return {key: value if isinstance(value, str) else int(value) for key, value in found.items() if value is not None}
