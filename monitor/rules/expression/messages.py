"""The schema as protobuf messages made at run time: wrapper types keep an absent field apart from "" and 0."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from google.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    duration_pb2,
    message_factory,
    timestamp_pb2,
    wrappers_pb2,
)
from google.protobuf.message import Message

from monitor.rules.schema import ERROR_FIELDS, VARIABLES, Kind

PACKAGE = "rules"
_ERROR = "error_"
_FIELD = descriptor_pb2.FieldDescriptorProto
_WELL_KNOWN = (timestamp_pb2, duration_pb2, wrappers_pb2)
_TYPES = {
    Kind.TEXT: ".google.protobuf.StringValue",
    Kind.WHOLE: ".google.protobuf.Int64Value",
    Kind.NUMBER: ".google.protobuf.DoubleValue",
    Kind.FLAG: ".google.protobuf.BoolValue",
    Kind.TIME: ".google.protobuf.Timestamp",
    Kind.SPAN: ".google.protobuf.Duration",
    Kind.ERROR: f".{PACKAGE}.{_ERROR}",
}


class Messages:
    """The message types, in a descriptor pool of their own, and how a view's values get into them."""

    def __init__(self) -> None:
        self.pool = descriptor_pool.DescriptorPool()
        for module in _WELL_KNOWN:
            known = descriptor_pb2.FileDescriptorProto()
            module.DESCRIPTOR.CopyToProto(known)
            self.pool.Add(known)
        file = descriptor_pb2.FileDescriptorProto(
            name="rules.proto",
            package=PACKAGE,
            syntax="proto3",
            dependency=[module.DESCRIPTOR.name for module in _WELL_KNOWN],
        )
        for name, fields in {_ERROR: ERROR_FIELDS, **VARIABLES}.items():
            _declare(file, name, fields)
        self.pool.Add(file)
        self._classes = {name: self._class(name) for name in VARIABLES}

    def _class(self, name: str) -> type[Message]:
        return message_factory.GetMessageClass(self.pool.FindMessageTypeByName(f"{PACKAGE}.{name}"))

    def fill(self, name: str, values: Mapping[str, Any]) -> Message:
        """One variable's message of its view, with the fields that the view has."""
        message, kinds = self._classes[name](), VARIABLES[name]
        for field, value in values.items():
            if value is None:
                continue
            kind = kinds[field]
            slot = getattr(message, field)
            if kind is Kind.MAP:
                slot.update(value)
            elif kind is Kind.TIME:
                slot.FromDatetime(value)
            elif kind is Kind.SPAN:
                slot.FromTimedelta(timedelta(seconds=value))
            elif kind is Kind.ERROR:
                _fill_error(slot, value)
            else:
                slot.value = value
        return message


def _fill_error(slot: Any, value: Mapping[str, str | None]) -> None:
    for field in ERROR_FIELDS:
        if (text := value[field]) is not None:
            getattr(slot, field).value = text


def _declare(file: descriptor_pb2.FileDescriptorProto, name: str, fields: Mapping[str, Kind]) -> None:
    message = file.message_type.add(name=name)
    for number, (field, kind) in enumerate(fields.items(), 1):
        if kind is not Kind.MAP:
            message.field.add(
                name=field, number=number, label=_FIELD.LABEL_OPTIONAL, type=_FIELD.TYPE_MESSAGE, type_name=_TYPES[kind]
            )
            continue
        entry = message.nested_type.add(name=f"{field.title().replace('_', '')}Entry")  # as protobuf wants it
        entry.options.map_entry = True
        for place, part in enumerate(("key", "value"), 1):
            entry.field.add(name=part, number=place, label=_FIELD.LABEL_OPTIONAL, type=_FIELD.TYPE_STRING)
        message.field.add(
            name=field,
            number=number,
            label=_FIELD.LABEL_REPEATED,
            type=_FIELD.TYPE_MESSAGE,
            type_name=f".{PACKAGE}.{name}.{entry.name}",
        )
