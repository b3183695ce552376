"""docs/config.md: every key of the config file, from its JSON Schema."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from monitor.settings.schema import json_schema

PLAIN = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}
SECTIONS = {
    "accounts": "[Model Studio](model-studio.md) and [ModelArts](modelarts.md) say how to get the credentials.",
    "sinks": "[Sinks](sinks.md) has the URLs of the usual services.",
    "rules": "[Rules](rules.md) explains conditions and templates.",
}
WORDS = {
    "people name": "What they are called in messages.",
    "people ids": "Who they are on the platforms: `<provider>:<id>`, the creator's id in a job.",
    "people notify": "Sinks that reach them.",
    "prices provider": "Of which platform.",
    "prices currency": "Three letters, like `CNY`.",
    "prices since": "The day from which it holds, until the next price of the same model.",
    "budgets name": "Its identity, in messages and in the database.",
    "budgets tokens": "So many tokens.",
    "budgets card_hours": "So many hours of cards: an hour of a node with eight cards is eight.",
    "budgets node_hours": "So many hours of nodes.",
    "budgets cost": "So much money, of its `currency`.",
    "budgets period": "`day`, `week` (from Monday on) or `month` of the calendar; or how far it looks back: `30d`.",
    "cleanup name": "Its identity, in messages and in the database.",
    "rules name": "Its identity, in messages and in the database.",
    "unmatched notify": "Names of sinks, or `owner`.",
    "unmatched min_severity": "What is less than this is told to nobody; the end of a trouble weighs as much as it.",
    "accounts name": "Its identity, in messages and in the database.",
    "accounts provider": "The platform.",
    "accounts api_key": "The key of a workspace, made in the region of `endpoint`.",
    "accounts jobs.model": "Only jobs trained on this model or base model (an exact name).",
    "accounts region": "Like `cn-north-4`; this or `endpoint` is needed.",
    "accounts endpoint": "Scheme and host. Default: `https://modelarts.REGION.myhuaweicloud.com`.",
    "accounts project_id": "The project's id in that region (*My Credentials*).",
    "accounts access_key": "Of an access key (AK); needs `secret_key`.",
    "accounts secret_key": "Of an access key (SK).",
    "accounts training_flavors.flavor_type": "Only flavors of this type; default: all.",
    "accounts resource_flavors.label_selector": "Only flavors with these labels, in the platform's own form.",
}
"""What keys say whose options in the program say nothing below them."""


@dataclass(frozen=True, slots=True)
class Key:
    """One row: `jobs.every`, its kind in words, its default and what it says."""

    path: str
    kind: str
    default: str
    says: str


class Reader:
    """Walks a schema; references are followed."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._definitions = schema["$defs"]

    def plain(self, node: dict[str, Any]) -> dict[str, Any]:
        """The node with its reference followed and its `null` alternative left out."""
        if "$ref" in node:
            return self.plain(self._definitions[node["$ref"].rpartition("/")[2]] | _without(node, "$ref"))
        for word in ("anyOf", "allOf"):
            others = _told(node.get(word, ()))
            if len(others) == 1:
                return self.plain(others[0] | _without(node, word))
        return node

    def keys(self, node: dict[str, Any], prefix: str = "") -> Iterator[Key]:
        for name, given in self.plain(node).get("properties", {}).items():
            inner = self.plain(given)
            path, said = f"{prefix}{name}", " ".join(given.get("description", inner.get("description", "")).split())
            if "properties" in inner:
                lists = any(each.get("type") == "array" for each in given.get("anyOf", ()))
                yield Key(path, "section, or a list of such" if lists else "section", "", said)
                yield from self.keys(inner, f"{path}.")
            else:
                yield Key(path, self.kind(inner), _default(inner), said)

    def kind(self, node: dict[str, Any]) -> str:
        if "const" in node:
            return f"`{node['const']}`"
        if "enum" in node:
            return " ".join(f"`{word}`" for word in node["enum"])
        if "prefixItems" in node:
            return f"list of {len(node['prefixItems'])}"
        if node.get("type") == "array":
            return f"list of {self.kind(self.plain(node['items']))}"
        if node.get("type") == "object":
            return "map"
        if "smhd" in node.get("pattern", ""):
            return "duration"
        if "anyOf" in node:
            return " or ".join(self.kind(self.plain(each)) for each in node["anyOf"] if each.get("type") != "null")
        return PLAIN.get(node.get("type", ""), "text")


def _told(forms: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The forms of a value that its row shows: not that it is absent, not `off` beside a section, and not the list
    beside what may stand in it."""
    others = [each for each in forms if each.get("type") != "null"]
    if any("$ref" in each for each in others):
        return [each for each in others if "const" not in each and each.get("items") not in others]
    return others


def _without(node: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in node.items() if name != key}


def _default(node: dict[str, Any]) -> str:
    if "const" in node or (default := node.get("default")) in (None, [], {}, ""):
        return ""
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def sections() -> dict[str, list[Key]]:
    """The tables of the page by heading; `accounts` and `sinks` have one for each kind."""
    schema = json_schema()
    reader = Reader(schema)
    found: dict[str, list[Key]] = {"": []}
    for name, given in schema["properties"].items():
        node = reader.plain(given)
        if node.get("type") == "array":
            kinds = [reader.plain(each) for each in node["items"].get("oneOf", [node["items"]])]
            for kind in kinds:
                found[_heading(name, kind)] = list(reader.keys(kind))
        elif "properties" in node:
            found[name] = list(reader.keys(node))
        else:
            said = " ".join(given.get("description", "").split())
            found[""].append(Key(name, reader.kind(node), _default(node), said))
    return found


def _heading(name: str, kind: dict[str, Any]) -> str:
    words = [kind["properties"][key].get("const") for key in ("provider", "type") if key in kind["properties"]]
    return f"{name}: {words[0]}" if words and words[0] else name


def page() -> str:
    parts: list[str] = []
    told: set[str] = set()
    for heading, keys in sections().items():
        section = heading.partition(":")[0]
        parts.append(f"\n## {heading or 'At the top'}\n\n")
        if section in SECTIONS and section not in told:
            parts.append(f"{SECTIONS[section]}\n\n")
        told.add(section)
        parts.append("| key | kind | default | what it says |\n|---|---|---|---|\n")
        parts += [f"| `{key.path}` | {key.kind} | {key.default} | {_cell(words(section, key))} |\n" for key in keys]
    return "".join(parts)


def words(section: str, key: Key) -> str:
    """What a key says; empty where nobody has said it."""
    return key.says or WORDS.get(f"{section} {key.path}", "")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
