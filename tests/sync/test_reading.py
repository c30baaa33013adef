import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopline.sync.reading import SourceRow, read_rows
from loopline.sync.shape import FileRefusedError, find_shape


def _read(path: Path, content: bytes) -> list[SourceRow]:
    path.write_bytes(content)
    return list(read_rows(path, find_shape(path)))


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "first bytes say"),
        ("utf-16", "first bytes say"),
        ("utf-16-le", "every second byte is zero"),
        ("utf-16-be", "every second byte is zero"),
        ("cp1252", "Windows-1252, because line 3 is not UTF-8"),
    ],
)
def test_each_encoding_is_found_and_said(encoding: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.write_bytes("id;name\n1;Ana\n2;José Müller\n".encode(encoding))
    shape = find_shape(path)
    assert said in shape.sentence
    assert shape.header == ("id", "name")
    assert [row.values for row in read_rows(path, shape)] == [["1", "Ana"], ["2", "José Müller"]]


def test_bytes_of_no_encoding_are_refused_with_the_line_and_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.write_bytes(b"id,name\n1,ok\n2,\x81\x8d\n")
    with pytest.raises(FileRefusedError, match=r"line 3.*Save it as UTF-8"):
        find_shape(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\x00\x01\x02" * 50, "is not text in utf-8"),
        (b"", "is empty"),
        (b"\n \n", "no text"),
        (b"PK\x03\x04rest", "workbook"),
        (b"\x1f\x8brest", "packed"),
    ],
)
def test_what_is_no_text_table_is_refused_in_words(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.write_bytes(content)
    with pytest.raises(FileRefusedError, match=said):
        find_shape(path)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found(separator: str, tmp_path: Path) -> None:
    [row] = _read(tmp_path / "a.csv", f"a{separator}b\n1{separator}2\n".encode())
    assert row.values == ["1", "2"]


def test_wanted_columns_decide_between_separators(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id;name, first;name, last\n1;2;3\n")
    assert find_shape(path, wanted=["id", "name, last"]).separator == ";"


def test_quoted_newlines_belong_to_their_row_and_lines_are_counted(tmp_path: Path) -> None:
    rows = _read(tmp_path / "a.csv", b'a,b\n"one\r\ntwo",2\n\n3,"say ""hi"""\n')
    assert [(row.line, row.values) for row in rows] == [(2, ["one\r\ntwo", "2"]), (5, ["3", 'say "hi"'])]


def test_a_broken_row_is_refused_alone(tmp_path: Path) -> None:
    content = b'a,b\n1,2\n3\n4,5,6\n"open,7\n8,9\n"x"y,10\n11,\x0012\n13,14\n'
    rows = _read(tmp_path / "a.csv", content)
    fine = [row.values for row in rows if not row.problem]
    assert fine == [["1", "2"], ["8", "9"], ["13", "14"]]
    problems = {row.line: row.problem for row in rows if row.problem}
    assert list(problems) == [3, 4, 5, 7, 8]
    assert "1 of 2 columns" in problems[3]
    assert "3 values for 2 columns" in problems[4]
    assert "quote" in problems[5]
    assert "NUL" in problems[8]


def test_a_file_cut_off_inside_quotes_keeps_what_came_before(tmp_path: Path) -> None:
    rows = _read(tmp_path / "a.csv", b'a,b\n1,2\n"half a ro')
    assert [row.values for row in rows if not row.problem] == [["1", "2"]]
    assert rows[-1].problem == "a quote opened on line 3 is never closed"


def test_bytes_that_break_the_given_encoding_refuse_their_row_only(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"a,b\n1,caf\xe9\n2,ok\n")
    rows = list(read_rows(path, find_shape(path, encoding="utf-8")))
    assert "not text" in rows[0].problem
    assert rows[1].values == ["2", "ok"]


_CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)


@given(rows=st.lists(st.tuples(_CELL, _CELL, _CELL), max_size=20), separator=st.sampled_from(",;\t|"))
def test_whatever_python_writes_is_read_back(
    rows: list[tuple[str, str, str]], separator: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, quoting=csv.QUOTE_ALL)
    writer.writerow(["first", "second", "third"])
    writer.writerows(rows)
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    path.write_bytes(text.getvalue().encode())
    read = list(read_rows(path, find_shape(path)))
    assert [row.problem for row in read] == [""] * len(rows)
    assert [tuple(row.values) for row in read] == rows


_MARKS = st.sampled_from([b"", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"a,b\n"])


@given(content=st.tuples(_MARKS, st.binary(max_size=400)).map(b"".join))
def test_any_bytes_are_read_or_refused_and_never_crash(
    content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    path.write_bytes(content)
    try:
        shape = find_shape(path)
    except FileRefusedError:
        return
    for row in read_rows(path, shape):
        assert row.problem or len(row.values) == len(shape.header)
