"""`loopline attribute` on numbers with a decimal comma and marks between thousands: read as the file itself tells, and
refused where it does not. Never is one number read as another."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from loopline.attribution.files import read_walks
from loopline.cli.main import main

Ask = Callable[..., str]
HEAD = "path;total_conversions;total_conversion_value\n"


@pytest.fixture
def counted(tmp_path: Path) -> Callable[[str], list[tuple[float, float]]]:
    def count(text: str) -> list[tuple[float, float]]:
        (tmp_path / "paths.csv").write_text(text)
        walks = read_walks(tmp_path / "paths.csv").walks
        return [*zip(walks.conversions.tolist(), walks.value.tolist(), strict=True)]

    return count


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (("1,5", "2"), (1.5, 2)),
        (("4.000", "1.234,56"), (4000, 1234.56)),
        (("4.000", "1.234.567"), (4000, 1_234_567)),
        (("4", "1.234.567"), (4, 1_234_567)),
        (("4.000", "0,125"), (4000, 0.125)),
        (("4.000", "-12.000,5"), (4000, -12_000.5)),
        (("4,000", "1234,5"), (4, 1234.5)),
        (("4,000", ",5"), (4, 0.5)),
        (("4.000", "1,5E+03"), (4000, 1500)),
        (("4.000", "10.5"), (4, 10.5)),
        (("4.000", "0.125"), (4, 0.125)),
        (("4.000", "1234.567"), (4, 1234.567)),
        (("4.000", "4.5e3"), (4, 4500)),
        (("4,000", "10.5"), (4000, 10.5)),
        (("4,000", "1,234,567"), (4000, 1_234_567)),
        (("4,000", "-1,234.50"), (4000, -1234.5)),
        (("4000", "12500"), (4000, 12_500)),
        (("+1,234.5", "1e3"), (1234.5, 1000)),
    ],
    ids=str,
)
def test_numbers_of_a_file_are_read_as_one_of_them_tells(counted, written: tuple[str, str], meant) -> None:
    assert counted(f"{HEAD}A > B;{written[0]};{written[1]}\n") == [meant]


def test_another_line_may_tell_and_may_come_later(counted) -> None:
    assert counted(f"{HEAD}A > B;4.000;9\nB;1;2\nC;1,5;3\n") == [(4000, 9), (1, 2), (1.5, 3)]
    assert counted(f"{HEAD}A > B;4.000;9\nB;1;2\nC;1.5;3\n") == [(4, 9), (1, 2), (1.5, 3)]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (
            "A;4.000;7\n",
            "Line 2: total_conversions is “4.000”, which may be 4 or 4000, and no other number of the file "
            "tells which. Write 4000, or 4.0.",
        ),
        (
            "A;1;7\n\nA;12.345;7\n",
            "Line 4: total_conversions is “12.345”, which may be 12.345 or 12345, and no other num",
        ),
        ("A;1;7\nA;12.345;7\n", "Write 12345, or 12.3450."),
        ("A;1;-12,340\n", "Line 2: total_conversion_value is “-12,340”, which may be -12.34 or -12340, and no"),
        ("A;1;-12,340\n", "Write -12340, or -12,34."),
        ("A;4.000;1,000\n", "Line 2: total_conversions is “4.000”, which may be 4 or 4000"),
        (
            "A;1;7,5\nB;1;7.5\n",
            "Line 3: total_conversion_value is “7.5”, but line 2 has “7,5”; write all numbers with the "
            "same decimal mark, such as 12.50.",
        ),
        ("A;1.5;7\nB;1;1.234,5\n", "Line 3: total_conversion_value is “1.234,5”, but line 2 has “1.5”; write all"),
        ("A;1,5;7\nB;12.34.567;1\n", "Line 3: total_conversions is “12.34.567”; write a number"),
        ("A;1.5;7\nB;1,23,456;1\n", "Line 3: total_conversions is “1,23,456”; write a number"),
        ("A;1.5;7\nB;1;1,2345.6\n", "Line 3: total_conversion_value is “1,2345.6”; write a number"),
        ("A;1,5;7\nB;1;,\n", "Line 3: total_conversion_value is “,”; write a number"),
        ("A;1,5;7\nB;1;1 234\n", "Line 3: total_conversion_value is “1 234”; write a number"),
        ("A;1,5;7\nB;1;x\n", "Line 3: total_conversion_value is “x”; write a number"),
    ],
)
def test_what_may_be_either_or_is_written_in_two_ways_is_refused_with_its_line(asked, lines: str, said: str) -> None:
    assert said in asked(f"{HEAD}{lines}", status=2)


def test_touchpoints_with_a_decimal_comma_are_read_too(asked: Ask) -> None:
    text = (
        "path_id;touched_at;channel;converted_at;value\n1;2026-03-01;A;2026-03-08;1.234,5\n2;2026-03-02;B;2026-03-08;"
    )
    rows = csv.DictReader(io.StringIO(asked(f"{text}4.000\n", "--model", "linear", "--format", "csv")))
    assert {row["channel"]: float(row["value"]) for row in rows} == {"A": 1234.5, "B": 4000}


def test_quoted_numbers_between_commas_are_read_too(counted) -> None:
    assert counted('path,total_conversions,total_conversion_value\nA,"4.000","1.234,50"\n') == [(4000, 1234.5)]


@pytest.mark.parametrize(
    ("amounts", "said"),
    [
        (("4.000", "1.234,00"), {"A": "4000", "B": "1234"}),
        (("4.000", "1250.00"), {"A": "4", "B": "1250"}),
        (("4.000", "1250"), "amount_minor is “4.000”, which may be 4 or 4000"),
        (("4.000", "1.234,50"), "Line 3: amount_minor is “1.234,50”; write whole cents"),
    ],
)
def test_cents_are_read_alike(tmp_path: Path, capsys, amounts: tuple[str, str], said) -> None:
    touched, sold = tmp_path / "touched.csv", tmp_path / "sold.csv"
    touched.write_text("person_id;touched_at;channel\n1;2026-03-01;A\n2;2026-03-01;B\n")
    sold.write_text("person_id;converted_at;amount_minor\n" + "".join(
        f"{number};2026-03-0{number + 1};{amount}\n" for number, amount in enumerate(amounts, 1)
    ))  # fmt: skip
    status = main(["attribute", str(touched), "--conversions", str(sold), "--model", "linear", "--format", "csv"])
    told = capsys.readouterr()
    if isinstance(said, str):
        assert (status, said in told.err) == (2, True)
    else:
        rows = csv.DictReader(io.StringIO(told.out))
        assert {row["channel"]: float(row["value"]) for row in rows} == {key: float(one) for key, one in said.items()}


def test_texts_in_parquet_are_read_alike_and_numbers_as_they_are(tmp_path: Path, asked: Ask) -> None:
    file = tmp_path / "paths.parquet"
    duckdb.sql("SELECT 'A' AS path, '4.000' AS total_conversions").write_parquet(str(file))
    assert "Row 1: total_conversions is “4.000”, which may be 4 or 4000" in asked(file, status=2)
    duckdb.sql("SELECT 'A' AS path, 4.000 AS total_conversions").write_parquet(str(file))
    assert read_walks(file).walks.conversions.tolist() == [4]
