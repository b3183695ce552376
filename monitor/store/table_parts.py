"""What all tables are made of: one catalogue with one way of naming, and columns by what they hold."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, MetaData, String

from monitor.store.columns import Moment, Words

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)


def text_column(name: str, *, null: bool = False) -> Column[str]:
    return Column(name, Words(), nullable=null)


def number_column(name: str, *, null: bool = False) -> Column[int]:
    return Column(name, BigInteger(), nullable=null)


def time_column(name: str, *, null: bool = True) -> Column[object]:
    return Column(name, Moment(), nullable=null)


def flag_column(name: str) -> Column[bool]:
    return Column(name, Boolean(), nullable=False)


def name_column(name: str) -> Column[str]:
    return Column(name, String(), primary_key=True)
