"""CSV: what a spreadsheet reads is what was meant, and never a formula of somebody else."""

from __future__ import annotations

import csv
import io

import pytest

from monitor.cli.spreadsheet import cell, write


@pytest.mark.parametrize("text", ["=1+1", "+49", "-2", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_foreign_text_is_no_formula_and_our_own_figures_stay_figures(text: str) -> None:
    assert cell(text, foreign=True) == f"'{text}"
    assert cell(text, foreign=False) == text


@pytest.mark.parametrize("text", ["qwen3-14b", "通义", "a=b", "", "2026-11-21"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert cell(text, foreign=True) == text


def test_any_text_survives_the_way_through_a_file(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    hard = 'a "quoted", long\nname 通义 \ud800'
    write(["model", "cost"], [{"model": hard, "cost": None}, {"model": "=x", "cost": "-0.5"}], foreign=["model"])
    text = capfdbinary.readouterr().out.decode()
    assert text.startswith("model,cost\r\n")
    assert list(csv.reader(io.StringIO(text, newline=""))) == [
        ["model", "cost"],
        ['a "quoted", long\nname 通义 \\ud800', ""],
        ["'=x", "-0.5"],
    ]
