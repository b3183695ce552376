"""Tables at every width: nothing is wider than the terminal, nothing is lost, and bars are to scale."""

from __future__ import annotations

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from monitor.cli.chart import bar
from monitor.cli.table import Column, table, wrapped
from tests.kit.installed import CHINESE, HOSTILE

COLUMNS = [
    Column(title="NAME", least=12),
    Column(title="STATE", least=9),
    Column(title="FOR", least=7, right=True),
    Column(title="MODEL", least=9),
    Column(title="ID", least=21),
    Column(title="OWNER", least=6, optional=True),
    Column(title="WHAT", least=20, wrap=True),
]
ROW = [CHINESE, "succeeded", "3h20m", "qwen3-14b", "ft-20260101-cccc-0006", "Ann", "a text that is long enough to wrap"]


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("width", [20, 40, 80, 100, 200])
def test_no_line_is_wider_than_the_terminal(width: int, plain: bool) -> None:
    lines = list(table(COLUMNS, [ROW, [HOSTILE] * 7], width=width, colours=False, plain=plain))
    assert [line for line in lines if cell_len(line) > width] == []
    assert "\x1b" not in "".join(lines)
    assert not plain or "".join(lines).isascii()


def test_where_the_columns_do_not_fit_a_row_takes_several_lines_and_loses_no_column() -> None:
    head, rest = lines_at(40), " ".join(lines_at(40))
    assert head[0].split() == ["NAME", "STATE", "FOR"]
    assert all(line.startswith("  ") for line in head[1:3])
    assert [
        word for word in ("succeeded", "3h20m", "qwen3-14b", "ft-20260101-cccc-0006", "wrap") if word not in rest
    ] == []


def test_an_optional_column_is_shown_by_shortening_others_and_goes_where_that_is_not_enough() -> None:
    columns = [Column(title="NAME", least=8), Column(title="OWNER", least=6, optional=True)]
    (_, row) = table(columns, [["n" * 30, "Ann"]], width=20, colours=False)
    assert row == "n" * 12 + "…  Ann"
    (_, row) = table(columns, [["n" * 30, "1396993924585947"]], width=14, colours=False)
    assert row == "n" * 13 + "…"


def test_no_title_is_cut_and_who_has_more_than_is_wanted_gives_first() -> None:
    columns = [Column(title="NAME", least=4, wanted=12), Column(title="ACCOUNT", least=4, wanted=9)]
    head, row = table(columns, [["n" * 30, "a" * 11]], width=23, colours=False)
    assert (head.split(), row) == (["NAME", "ACCOUNT"], "n" * 11 + "…  " + "a" * 8 + "…")
    head, _ = table(columns, [["n" * 30, "arts"]], width=14, colours=False)
    assert head.split() == ["NAME", "ACCOUNT"]


def test_columns_stay_in_line_below_double_width_names() -> None:
    rows = [[CHINESE, "x"], ["ascii", "y"], [CHINESE + "a", "z"]]
    columns = [Column(title="NAME", least=8), Column(title="X", least=1)]
    for width in range(12, 60):
        lines = list(table(columns, rows, width=width, colours=False))
        assert len({cell_len(line) for line in lines}) == 1, lines


def test_without_unicode_what_is_cut_ends_in_a_tilde() -> None:
    (_, row) = table([Column(title="NAME", least=4)], [["通义千问"]], width=10, colours=False, plain=True)
    assert row == "\\u901a\\u4~"


@pytest.mark.parametrize(
    ("share", "drawn", "plain"),
    [
        (0.0, "", ""),
        (0.0001, "▏", "#"),
        (0.5, "█████", "#####"),
        (0.5625, "█████▋", "######"),
        (1.0, "██████████", "##########"),
        (7.0, "██████████", "##########"),
    ],
)
def test_bars_are_to_scale_and_little_is_not_nothing(share: float, drawn: str, plain: str) -> None:
    assert bar(share, 10, plain=False) == drawn
    assert bar(share, 10, plain=True) == plain


def test_a_bar_takes_the_room_there_is_and_a_line_of_its_own_on_a_narrow_terminal() -> None:
    columns = [Column(title="DAY", least=10), Column(title="TOKENS", least=12, right=True)]
    columns.append(Column(title="", least=16, bar=True))
    rows = [["2026-11-20", "1,000,000", "1.0"], ["2026-11-21", "500,000", "0.5"], ["TOTAL", "1,500,000", ""]]
    wide = list(table(columns, rows, width=80, colours=False))
    assert [line.count("█") for line in wide] == [0, 40, 20, 0]
    assert [line.count("█") for line in table(columns, rows, width=50, colours=False)] == [0, 27, 13, 0]
    narrow = list(table(columns, rows, width=30, colours=False))
    assert [line.count("█") for line in narrow] == [0, 0, 28, 0, 14, 0]


@settings(max_examples=60, phases=[Phase.generate], deadline=None)
@given(st.text(max_size=80), st.integers(min_value=2, max_value=50))
def test_wrapped_text_fits_whatever_is_in_it(text: str, width: int) -> None:
    assert [line for line in wrapped(text, width) if cell_len(line) > width] == []


def lines_at(width: int) -> list[str]:
    return list(table(COLUMNS, [ROW], width=width, colours=False))
