"""The part of cel/expr/{syntax,checked}.proto that the tree needs; all else is carried along untouched."""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_FIELD = descriptor_pb2.FieldDescriptorProto
_PACKAGE = "cel.expr"
_SHAPES = {
    "Constant": (
        "1 null_value int32",
        "2 bool_value bool",
        "3 int64_value int64",
        "5 double_value double",
        "6 string_value string",
    ),
    "Ident": ("1 name string",),
    "Select": ("1 operand Expr", "2 field string", "3 test_only bool"),
    "Call": ("1 target Expr", "2 function string", "3 args Expr*"),
    "List": ("1 elements Expr*",),
    "Entry": ("3 map_key Expr", "4 value Expr"),
    "Struct": ("2 entries Entry*",),
    "Comprehension": (
        "1 iter_var string",
        "2 iter_range Expr",
        "4 accu_init Expr",
        "5 loop_condition Expr",
        "6 loop_step Expr",
        "7 result Expr",
        "8 iter_var2 string",
    ),
    "Expr": (
        "2 id int64",
        "3 const_expr Constant",
        "4 ident_expr Ident",
        "5 select_expr Select",
        "6 call_expr Call",
        "7 list_expr List",
        "8 struct_expr Struct",
        "9 comprehension_expr Comprehension",
    ),
    "Position": ("1 key int64", "2 value int32"),
    "SourceInfo": ("4 positions Position*",),
    "CheckedExpr": ("4 expr Expr", "5 source_info SourceInfo"),
}
_SCALARS = {
    "int32": _FIELD.TYPE_INT32,
    "int64": _FIELD.TYPE_INT64,
    "string": _FIELD.TYPE_STRING,
    "bool": _FIELD.TYPE_BOOL,
    "double": _FIELD.TYPE_DOUBLE,
}


class Shapes:
    """The message classes `CheckedExpr` and `Expr`."""

    def __init__(self) -> None:
        pool = descriptor_pool.DescriptorPool()
        file = descriptor_pb2.FileDescriptorProto(name="tree.proto", package=_PACKAGE, syntax="proto3")
        for name, fields in _SHAPES.items():
            message = file.message_type.add(name=name)
            for line in fields:
                _declare(message, *line.split())
            if name == "Constant":  # a oneof tells `null` (0) from no constant of the kinds that are named here
                message.oneof_decl.add(name="kind")
                for field in message.field:
                    field.oneof_index = 0
        pool.Add(file)
        self.checked: Any = message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.CheckedExpr"))
        self.expr: Any = message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.Expr"))


def _declare(message: descriptor_pb2.DescriptorProto, number: str, name: str, kind: str) -> None:
    field = message.field.add(name=name, number=int(number), label=_FIELD.LABEL_OPTIONAL)
    if kind.endswith("*"):
        field.label = _FIELD.LABEL_REPEATED
        kind = kind[:-1]
    if kind in _SCALARS:
        field.type = _SCALARS[kind]
    else:
        field.type = _FIELD.TYPE_MESSAGE
        field.type_name = f".{_PACKAGE}.{kind}"
