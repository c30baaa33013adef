"""What `loopline attribute` refuses: with words, and with a status that says whose mistake it was."""

from errno import EIO
from pathlib import Path
from typing import Any

import duckdb
import pytest

from loopline.cli.main import main
from tests.attribution.files import PATHS, TOUCHES


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("path;total_conversions\n", "no paths"),
        ("way;number\nA;1\n", "Name them path, total_conversions"),
        (PATHS.replace("10.5", "ten"), "Line 3: total_conversion_value is “ten”; write a number"),
        (PATHS.replace("C;0;0;7", "C;0"), "Line 4 has 2 columns instead of 4"),
        (PATHS.replace("C;0", ";0"), "Line 4: the path is empty"),
        (PATHS.replace("B>A>C", "B>>C"), "Line 3: the path names an empty channel"),
        (PATHS.replace(";2;", ";-2;"), "Line 2: total_conversions is negative"),
        (PATHS.replace("C;0;0;7", "C;0;5;7"), "Line 4: total_conversion_value is not 0 where total_conversions is 0"),
        (PATHS.replace("C;0;0;7", "C;;-5;7"), "Line 4: total_conversion_value is not 0 where total_conversions is 0"),
        (TOUCHES.replace("2026-03-02T00:00:00Z", "202603-03-02T00:00:00Z"), "Line 5: touched_at is “202603-03-02T"),
        (TOUCHES.replace("2026-03-02T00:00:00Z", "yesterday"), "Line 5: touched_at is “yesterday”; write a moment"),
        (TOUCHES.replace(",B,", ",,"), "Line 2: channel is empty"),
        (TOUCHES.replace("converted_at", "ended_at"), "Of touchpoints there should also be converted_at"),
        (PATHS.replace("10.5", "nan"), "Line 3: total_conversion_value is “nan”"),
        (PATHS.replace("B>A", '"B>A'), "Line 3: a quote is opened and never closed"),
        (PATHS.replace("total_null", "path"), "Two columns are named path"),
        ("path\0\0", "is not a text"),
        (TOUCHES.replace("A,2026-03-08T00:00:01Z", "A,2026-03-07T00:00:00Z"), "“p1” has more than one converted_at"),
        (TOUCHES.replace("C,2026-03-08T00:00:01Z,300", "C,,7"), "“p1” has more than one value"),
        (TOUCHES.replace("2026-03-02T00:00:00Z", "2026-03-02 09:00:00"), "Line 5: touched_at has no time zone"),
        (TOUCHES.replace("C,,", "C,,7"), "Line 5: value is not 0, and path “p2” has no converted_at; a value is what"),
        (TOUCHES.replace("C,,", "C,,-7"), "Line 5: value is not 0, and path “p2” has no converted_at"),
        (f"{TOUCHES}p0,2026-03-02,A,,\n\np0,2026-03-02,B,,0.5\n", "Line 9: value is not 0, and path “p0” has no conv"),
    ],
)
def test_a_broken_file_is_refused_with_the_line_and_what_to_do(asked, text: str, said: str) -> None:
    assert said in asked(text, status=2)


def test_what_cannot_be_asked_is_refused(asked, tmp_path: Path) -> None:
    assert "no file" in asked(tmp_path / "nothing.csv", status=2)
    assert "no model" in asked(PATHS, "--model", "psychic", status=2)
    assert "file of touchpoints" in asked(PATHS, "--model", "time_decay", status=2)
    assert "opportunities" in asked(PATHS, "--model", "primary_campaign", status=2)
    assert "no lookback window" in asked(PATHS, "--lookback", "30", status=2)
    for window in ("0", "soon", "30,-1", "99999999999"):
        assert "window is" in asked(TOUCHES, "--lookback", window, status=2)
    assert "half-life" in asked(TOUCHES, "--half-life", "nan", status=2)
    file = tmp_path / "latin.csv"
    file.write_bytes("path;total_conversions\nCafé;1\n".encode("latin-1"))
    assert "UTF-8" in asked(file, status=2)


@pytest.mark.parametrize("typed", [["--order", "7"], ["--half-life", "week"], ["--format", "pdf"]], ids=" ".join)
def test_an_option_that_is_none_ends_as_all_that_was_asked_wrongly_does(tmp_path: Path, typed: list[str]) -> None:
    (tmp_path / "paths.csv").write_text(PATHS)
    with pytest.raises(SystemExit) as ended:
        main(["attribute", str(tmp_path / "paths.csv"), *typed])
    assert ended.value.code == 2


@pytest.mark.parametrize("half_life", ["0", "-1", "inf", "36501"])
def test_a_half_life_is_some_days(asked, half_life: str) -> None:
    assert "half-life is more than zero days" in asked(TOUCHES, "--half-life", half_life, status=2)


def test_a_table_that_is_not_there_or_another_one_is_asked_wrongly(asked, tmp_path: Path) -> None:
    sold = tmp_path / "sold.csv"
    touched = "person_id,touched_at,channel\np,2026-03-01,B\n"
    assert "no file" in asked(touched, "--conversions", str(sold), status=2)
    sold.write_text("person_id,converted_at\np,2026-02-01\n")
    assert "No touchpoint lies before" in asked(touched, "--conversions", str(sold), status=2)
    named = touched.replace("person_id", "identity")
    assert "no file" in asked(named, "--conversions", str(sold), "--identities", str(tmp_path / "none"), status=2)
    sold.write_text("person_id,sold_at\np,2026-03-02\n")
    assert "lacks converted_at" in asked(touched, "--conversions", str(sold), status=2)


LATE, EARLY = "make_timestamptz(9089348860800000000)", "make_timestamptz(-9223000000000000000)"
"""Some 290,000 years from now on both sides: of what lies between there is no number of microseconds."""
NOW = "TIMESTAMPTZ '2026-03-01 00:00:00Z'"


def test_moments_of_a_parquet_file_that_are_too_far_apart_are_refused_with_their_row(asked, tmp_path: Path) -> None:
    def file(name: str, *rows: str) -> Path:
        duckdb.sql(" UNION ALL ".join(f"SELECT {row}" for row in rows)).write_parquet(str(tmp_path / name))
        return tmp_path / name

    of_paths = file(
        "one.parquet",
        f"'p1' AS path_id, {NOW} AS touched_at, 'A' AS channel, NULL::TIMESTAMPTZ AS converted_at",
        f"'p2', {EARLY}, 'B', {LATE}",
    )
    assert "one.parquet, row 2: touched_at is in no year from 1 to 9999" in asked(of_paths, status=2)
    touched = file("touched.parquet", f"'p' AS person_id, {NOW} AS touched_at, 'A' AS channel", f"'q', {EARLY}, 'B'")
    sold = file("sold.parquet", f"'q' AS person_id, {NOW} AS converted_at")
    for options in ((), ("--lookback", "90"), ("--model", "time_decay")):
        said = asked(touched, "--conversions", str(sold), *options, status=2)
        assert "touched.parquet, row 2: touched_at is in no year from 1 to 9999" in said
    touched = file("touched.parquet", f"'p' AS person_id, {NOW} - INTERVAL 1 DAY AS touched_at, 'A' AS channel")
    sold = file("sold.parquet", f"'p' AS person_id, {NOW} AS converted_at, {EARLY} AS lead_created_at")
    said = asked(touched, "--conversions", str(sold), "--model", "u_shaped", status=2)
    assert "sold.parquet, row 1: lead_created_at is in no year from 1 to 9999" in said


def test_a_file_that_cannot_be_read_here_is_a_failure_and_not_asked_wrongly(
    asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a broken disk, or where somebody else may read only."""
    broken, opens = tmp_path / "broken", Path.open
    broken.write_text(PATHS)

    def open_but(path: Path, *arguments: Any, **others: Any) -> Any:
        if path == broken:
            raise OSError(EIO, "Input/output error")
        return opens(path, *arguments, **others)

    monkeypatch.setattr(Path, "open", open_but)
    assert f"cannot read {broken}: Input/output error" in asked(broken, status=1)
    assert f"cannot read {broken}: Input/output error" in asked(PATHS, "--weights", str(broken), status=1)
