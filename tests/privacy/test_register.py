"""The list of finished erasures survives what crashes and people do to it."""

from pathlib import Path
from uuid import uuid4

import pytest

from loopline.privacy.models import Erasure
from loopline.privacy.register import note_finished, noted


def test_a_line_that_a_crash_cut_off_takes_none_of_the_others_with_it(tmp_path: Path) -> None:
    first, second = (Erasure(person_id=uuid4(), upto_seq=1, marks=["mark"]) for _ in range(2))
    note_finished(tmp_path, first)
    with (tmp_path / "erased.jsonl").open("a") as file:
        file.write('{"at": "2026-03-01T12:00:00+00:00", "person_ids": ["0')
    note_finished(tmp_path, second)
    assert [one.person_ids for one in noted(tmp_path)] == [(str(first.person_id),), (str(second.person_id),)]


@pytest.mark.parametrize("content", ['{\n "digest": "0",\n "backup": {}\n}\n', "a line of another file\n", "\xff"])
def test_another_file_is_not_taken_for_one_in_which_nobody_stands(content: str, tmp_path: Path) -> None:
    (tmp_path / "erased.jsonl").write_bytes(content.encode("latin-1"))
    with pytest.raises(ValueError, match="is no list of erasures"):
        list(noted(tmp_path))
