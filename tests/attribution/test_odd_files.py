"""Exports as spreadsheets and other tools write them: read as they are meant, or refused where that is."""

import gzip
from pathlib import Path

import pytest

HEAD = "path;total_conversions;total_conversion_value\n"
TOUCHED = "path_id,touched_at,channel,converted_at,value\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{HEAD}\nA;1;1\n\n\nB;x;1\n", "Line 6: total_conversions is “x”"),
        (f'{HEAD}A;1;1\n"B\nC";2;2\nD;-1;1\n', "Line 5: total_conversions is negative"),
        (f'{HEAD}"B\n\nC";2;2\n\n"D\nE";x;1\n', "Line 6: total_conversions is “x”"),
        (f'{HEAD}"B\n\nC";2;2\n\nD;1\n', "Line 6 has 2 columns instead of 3"),
        (f'{HEAD}"B\nC";2;2\n\n"D;1;1\n', "Line 5: a quote is opened and never closed"),
        (f"sep=;\n{HEAD}A;1;1\n", "Line 1 of paths.csv is “sep=;”, which only Excel reads; take it out"),
        (f"{HEAD}A > B;40;10\n\nB;20;5\nTotal;60;15\n", "Line 5: looks like the total of all others"),
        (f"{HEAD}A > B;40;10\nGesamt ;40;10\n", "Line 3: looks like the total of all others"),
        (f"{HEAD}A;1;1e308\nB;1;1e308\n", "Line 2: total_conversion_value is more than 1,000,000"),
        (f"{HEAD}A;1e300;1\n", "Line 2: total_conversions is more than 1,000,000"),
        (f"{HEAD}A;1;-1e19\n", "Line 2: total_conversion_value is more than 1,000,000"),
        (f"{TOUCHED}p1,2026-03-01,A,2026-03-02,1e300\n", "Line 2: value is more than 1,000,000"),
    ],
)
def test_what_is_refused_names_the_line_as_an_editor_shows_it(asked, text: str, said: str) -> None:
    for ends in ("\n", "\r\n"):
        assert said in asked(text.replace("\n", ends), status=2)


def test_in_a_packed_file_too(asked, tmp_path: Path) -> None:
    file = tmp_path / "paths.csv.gz"
    file.write_bytes(gzip.compress(f"\ufeff{HEAD}\nA;1;1\n\nB;x;1\n".encode()))
    assert "Line 5: total_conversions is “x”" in asked(file, status=2)


@pytest.mark.parametrize("arrow", ["->", "=>", " -> ", ">", " > "])
def test_an_arrow_is_no_part_of_a_channel(asked, arrow: str) -> None:
    said = asked(f"{HEAD}A{arrow}B;40;10\nB;20;5\n", "--model", "linear", "--format", "csv")
    assert said.splitlines()[1:] == ["B,40.0,10.0,", "A,20.0,5.0,"]


def test_a_channel_may_hold_an_arrow_where_others_are_parted_otherwise(asked) -> None:
    said = asked(f"{HEAD}A->B > C;40;10\n", "--model", "linear", "--format", "csv")
    assert {line.split(",")[0] for line in said.splitlines()[1:]} == {"A-", "B", "C"}


def test_a_channel_named_total_that_is_none_counts(asked) -> None:
    said = asked(f"{HEAD}A > B;40;10\nTotal;39;5\nSum > A;1;5\n", "--model", "linear", "--format", "csv")
    assert "Total,39.0,5.0," in said.splitlines()
