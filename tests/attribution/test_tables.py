"""Two tables in no order: the same paths, cents and chains as the ledger's rule gives, on hostile rows too."""

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from loopline.attribution.dealing import dealt
from loopline.attribution.files import FileError
from loopline.attribution.tables import read_tables
from loopline.cli.main import main
from loopline.lib.money import deal_out

START = datetime(2025, 1, 1, tzinfo=UTC)


def written(folder: Path, touches: list[tuple[object, datetime, str]], sold: list[tuple[object, datetime, int]]):
    """The two files, in any order."""
    random.Random(1).shuffle(touches)
    people, moments, channels = zip(*touches, strict=True)
    pq.write_table(
        pa.table({"person_id": list(people), "touched_at": list(moments), "channel": list(channels)}),
        folder / "touchpoints.parquet",
    )
    people, moments, amounts = zip(*sold, strict=True)
    pq.write_table(
        pa.table({"person_id": list(people), "converted_at": list(moments), "amount_minor": list(amounts)}),
        folder / "conversions.parquet",
    )
    return folder / "touchpoints.parquet", folder / "conversions.parquet"


@pytest.mark.parametrize("is_text", [False, True])
@pytest.mark.parametrize("unit", [timedelta(seconds=1), timedelta(microseconds=7)])
def test_paths_are_those_that_a_loop_over_the_rows_finds(tmp_path: Path, is_text: bool, unit: timedelta) -> None:
    chance = random.Random(3)
    name = (lambda number: f"p-{number}") if is_text else (lambda number: number)
    touches = [
        (name(chance.randrange(40)), START + unit * chance.randrange(10**6), chance.choice("ABC")) for _ in range(400)
    ]
    sold = [(name(number), START + unit * 800_000, 100 + number) for number in range(0, 40, 3)]
    found = read_tables(*written(tmp_path, list(touches), sold), lookback_days=7, with_everyone=True)
    wanted = {}
    for person, at, channel in sorted(touches, key=lambda one: (one[1], one[2])):
        closed = {who: when for who, when, _ in sold}.get(person)
        if closed is None or closed - timedelta(days=7) <= at < closed:
            wanted.setdefault(person, []).append(channel)
    walks = found.walks
    told = [
        tuple(walks.channels[code] for code in walks.codes[walks.starts[place] : walks.starts[place + 1]])
        for place in range(len(walks))
    ]
    assert sorted(told) == sorted(tuple(path) for path in wanted.values())
    buyers = [person for person, _, _ in sold if person in wanted]
    assert walks.conversions.sum() == len(buyers)
    assert told[: len(buyers)] == [tuple(wanted[person]) for person in buyers]
    assert found.unattributed == len(sold) - len(buyers)


def test_cents_are_dealt_as_deal_out_does() -> None:
    chance = random.Random(5)
    lengths = [chance.choice([1, 2, 3, 7, 40]) for _ in range(300)]
    amounts = [chance.choice([0, 1, -1, 99, -(10**6) - 1, 10**9 + 7]) for _ in lengths]
    kinds = {
        "even": lambda: 1.0,
        "any": chance.random,
        "some nothing": lambda: chance.choice([0.0, 0.4, chance.random()]),
    }
    for weigh in kinds.values():
        weights = [[weigh() or 1e-3 * (place == 0) for place in range(length)] for length in lengths]
        starts = np.cumsum([0, *lengths])
        found = dealt(np.array(amounts), np.array([one for path in weights for one in path]), starts)
        for place, amount in enumerate(amounts):
            whole = [float(np.floor(one * 10**12 + 0.5)) for one in weights[place]]
            assert list(found[starts[place] : starts[place + 1]]) == deal_out(amount, whole)


def test_a_file_that_lacks_a_column_is_refused_by_name(tmp_path: Path) -> None:
    touched, sold = written(tmp_path, [("p", START, "A")], [("p", START, 1)])
    (tmp_path / "wrong.csv").write_text("who,touched_at,channel\n")
    with pytest.raises(FileError, match="lacks person_id"):
        read_tables(tmp_path / "wrong.csv", sold)
    with pytest.raises(FileError, match="There is no file"):
        read_tables(touched, tmp_path / "nothing.parquet")
    found = read_tables(touched, sold)
    assert (len(found.walks), found.unattributed, found.unattributed_minor) == (0, 1, 1)


def test_the_command_deals_two_tables_in_whole_cents(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    touches = [("p", START + timedelta(days=day), channel) for day, channel in enumerate("ABC")]
    files = written(tmp_path, touches, [("p", START + timedelta(days=5), 100), ("q", START, 7)])
    asked = ["attribute", str(files[0]), "--conversions", str(files[1]), "--format", "json", "--model"]
    assert main([*asked, "linear"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {row["channel"]: row["value"] for row in told["rows"]} == {"A": 34, "B": 33, "C": 33}
    assert told["unattributed"] == {"conversions": 1, "value": 7}
    assert main([*asked, "markov"]) == 0
