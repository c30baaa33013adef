"""Two tables in no order: the same paths, cents and chains as the ledger's rule gives, on hostile rows too."""

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from loopline.attribution import walks
from loopline.attribution.cents import cents_by_channel, weighing_of
from loopline.attribution.credit import markov
from loopline.attribution.dealing import Dealing
from loopline.attribution.file_lines import FileError
from loopline.attribution.in_order import in_order
from loopline.attribution.model import MODELS, Deal
from loopline.attribution.tables import read_tables
from loopline.cli.main import main
from loopline.lib.money import deal_out

START = datetime(2025, 1, 1, tzinfo=UTC)


def written(
    folder: Path, touches: list[tuple[object, datetime | None, str | None]], sold: list[tuple[object, datetime, int]]
):
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
    # Of a buyer, of somebody else and of nobody, each lacking something.
    not_whole = [(None, START, "A"), *((name(who), *rest) for who in (3, 4) for rest in ((None, "A"), (START, None)))]
    found = read_tables(*written(tmp_path, [*touches, *not_whole], sold), lookback_days=7, with_everyone=True)
    wanted = {}
    for person, at, channel in sorted(touches, key=lambda one: (one[1], one[2])):
        closed = {who: when for who, when, _ in sold}.get(person)
        if closed is None or closed - timedelta(days=7) <= at < closed:
            wanted.setdefault(person, []).append(channel)
    paths = found.walks
    told = [
        tuple(paths.channels[code] for code in paths.codes[paths.starts[place] : paths.starts[place + 1]])
        for place in range(len(paths))
    ]
    assert sorted(told) == sorted(tuple(path) for path in wanted.values())
    buyers = [person for person, _, _ in sold if person in wanted]
    assert paths.conversions.sum() == len(buyers)
    assert told[: len(buyers)] == [tuple(wanted[person]) for person in buyers]
    assert found.unattributed == len(sold) - len(buyers)
    alone = read_tables(*written(tmp_path, [*touches, *not_whole], sold), lookback_days=7).walks
    assert list(alone.codes) == list(paths.codes[: len(alone.codes)])
    assert len(alone) == len(buyers)


@pytest.mark.parametrize(("step", "widest"), [(10**6, 30), (1000, 20), (1, 45)])
def test_touchpoints_come_in_order_whether_or_not_they_fit_into_one_number(step: int, widest: int) -> None:
    chance = random.Random(9)
    rows = [
        (chance.choice([3, 5, 2**28 + 1]), step * chance.randrange(-9, 2**widest), chance.randrange(3))
        for _ in range(500)
    ]
    rows += [(5, step, 2), (5, step, 0)]
    walk_no, before_us, code = zip(*rows, strict=True)
    found = in_order(pa.table({"walk_no": walk_no, "before_us": before_us, "code": code}), 3)
    assert list(found.walk_no) == [3, 5, 2**28 + 1]
    told = [
        (found.walk_no[walk], -int(found.before_us[place]), found.codes[place])
        for walk in range(3)
        for place in range(found.starts[walk], found.starts[walk + 1])
    ]
    assert told == sorted((walk, -before, code) for walk, before, code in rows)


def test_blocks_of_paths_change_no_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(11)
    touches = [
        (chance.randrange(60), START + timedelta(minutes=chance.randrange(10**5)), chance.choice("ABCDE"))
        for _ in range(900)
    ]
    sold = [(number, START + timedelta(days=60), chance.randrange(-900, 10**6)) for number in range(40)]
    files = written(tmp_path, touches, sold)
    answers = []
    for at_once in (2**17, 50):
        monkeypatch.setattr(walks, "AT_ONCE", at_once)
        paths, everyone = read_tables(*files), read_tables(*files, with_everyone=True)
        by_weight = [
            model for model in MODELS.values() if model.deal is Deal.BY_WEIGHT and "position" not in model.weight_sql
        ]
        cents = cents_by_channel(paths, weighing_of(paths, by_weight))
        assert {key: int(credit.sum()) for key, credit in cents.items()} == dict.fromkeys(cents, paths.amounts.sum())
        answers.append((cents, [markov(everyone.walks, order).value for order in (1, 2, 3)]))
        assert len(paths.walks.blocks()) > 5 or at_once > 50
    (one_cents, one_values), (more_cents, more_values) = answers
    assert {key: list(credit) for key, credit in one_cents.items()} == {
        key: list(credit) for key, credit in more_cents.items()
    }
    np.testing.assert_allclose(one_values, more_values, rtol=1e-12)


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
        found = Dealing(np.array(amounts), starts).dealt(np.array([one for path in weights for one in path]))
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


@pytest.mark.parametrize("is_text", [False, True])
@pytest.mark.parametrize("with_everyone", [False, True])
def test_identities_say_whose_touchpoints_are_whose(tmp_path: Path, is_text: bool, with_everyone: bool) -> None:
    name = (lambda number: f"b-{number}") if is_text else (lambda number: number)
    rows = [(1, "A"), (2, "B"), (3, "C"), (4, "D"), (7, "E"), (8, "F")]
    table = {
        "identity": [name(browser) for browser, _ in rows],
        "touched_at": [START + timedelta(days=day) for day in range(len(rows))],
        "channel": [channel for _, channel in rows],
    }
    pq.write_table(pa.table(table), tmp_path / "touchpoints.parquet")
    # Browser 4 is shared, 8 is no one's; person 7 has the number of a browser that is somebody else's.
    whose = [(1, 7), (2, 7), (3, 9), (4, 7), (4, 9), (7, 9), (1, 7)]
    identities = {"identity": [name(one) for one, _ in whose], "person_id": [person for _, person in whose]}
    pq.write_table(pa.table(identities), tmp_path / "identities.parquet")
    sold = {"person_id": [7], "converted_at": [START + timedelta(days=30)], "amount_minor": [100]}
    pq.write_table(pa.table(sold), tmp_path / "conversions.parquet")
    found = read_tables(
        *(tmp_path / f"{name}.parquet" for name in ("touchpoints", "conversions")),
        identities=tmp_path / "identities.parquet",
        with_everyone=with_everyone,
    )
    told = [
        "".join(found.walks.channels[code] for code in found.walks.part(slice(walk, walk + 1)).codes)
        for walk in range(len(found.walks))
    ]
    assert told[0] == "AB"
    assert sorted(told[1:]) == (["CE", "D", "F"] if with_everyone else [])
    assert list(found.amounts) == [100]


@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin"])
@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_moments_of_parquet_may_be_counted_in_any_unit(
    tmp_path: Path, unit: str, zone: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """Data frames keep nanoseconds. Also as one file of touchpoints, and beside a CSV that has a zone or none, too."""

    def moments(*days: int) -> pa.Array:
        return pa.array([(START + timedelta(days=day)).replace(tzinfo=None) for day in days], pa.timestamp(unit, zone))

    touched, whole, sold = (tmp_path / name for name in ("touched.parquet", "whole.parquet", "sold.csv"))
    table = {"touched_at": moments(0, 3, 9), "channel": ["A", "B", "C"]}
    pq.write_table(pa.table(table | {"person_id": ["p", "p", "p"]}), touched)
    pq.write_table(pa.table(table | {"path_id": ["p", "p", "p"], "converted_at": moments(5, 5, 5)}), whole)
    sold.write_text(f"person_id,converted_at\np,2025-01-06T00:00:00{'Z' if zone else ''}\n")
    for asked in ([str(touched), "--conversions", str(sold)], [str(whole)]):
        assert main(["attribute", *asked, "--model", "last_touch", "--lookback", "4", "--format", "csv"]) == 0
        assert capsys.readouterr().out.splitlines()[1].startswith("B,1.0,")


@pytest.mark.parametrize("word", ["infinity", "-infinity"])
def test_a_moment_without_end_is_none(tmp_path: Path, word: str, capsys: pytest.CaptureFixture[str]) -> None:
    touched, sold = tmp_path / "touched.csv", tmp_path / "sold.csv"
    touched.write_text("person_id,touched_at,channel\np,2025-01-01,A\n")
    sold.write_text(f"person_id,converted_at\nq,2025-01-02\np,{word}\n")
    assert main(["attribute", str(touched), "--conversions", str(sold), "--model", "linear"]) == 2
    assert f"Line 3: converted_at is “{word}”; write a moment" in capsys.readouterr().err


def parquet(file: Path, **columns: object) -> Path:
    pq.write_table(pa.table(columns), file)
    return file


@pytest.mark.parametrize("numbers", [pa.int64(), pa.float64()])
def test_ids_may_be_numbers_in_one_file_and_texts_in_another(tmp_path: Path, numbers: pa.DataType, capsys) -> None:
    """A column of whole numbers in which some are missing is one of fractions in a data frame."""
    moments = pa.array([START, START + timedelta(days=1)])
    touched = parquet(
        tmp_path / "touched.parquet", identity=pa.array([7, 8], numbers), touched_at=moments, channel=["A", "B"]
    )
    known = tmp_path / "known.csv"
    known.write_text("identity,person_id\n7,12\nx-1,12\n8,p\n")
    sold = parquet(tmp_path / "sold.parquet", person_id=pa.array([12]), converted_at=[START + timedelta(days=3)])
    asked = ["attribute", str(touched), "--conversions", str(sold), "--format", "csv"]
    assert main([*asked, "--identities", str(known), "--model", "linear,markov"]) == 0
    told = [line.split(",")[:3] for line in capsys.readouterr().out.splitlines()[1:]]
    assert told == [[model, *row] for model in ("linear", "markov") for row in (["A", "1.0"], ["B", "0.0"])]
    touched.rename(tmp_path / "other.parquet")
    parquet(touched, person_id=["p", "12"], touched_at=moments, channel=["A", "B"])
    assert main([*asked, "--model", "linear"]) == 0
    assert "B,1.0" in capsys.readouterr().out


def test_moments_that_are_bare_numbers_are_refused_with_the_row(tmp_path: Path, capsys) -> None:
    touched = parquet(tmp_path / "touched.parquet", person_id=["p"], touched_at=[1_736_035_200], channel=["A"])
    assert main(["attribute", str(touched), "--conversions", str(touched)]) == 2
    assert "Row 1: touched_at is “1736035200”; write a moment such as" in capsys.readouterr().err


@pytest.mark.parametrize("channels", [1, 300])
def test_a_channel_of_spaces_is_none(tmp_path: Path, channels: int) -> None:
    names = ["", " ", "\t", *(f"c{number:03}" for number in range(channels))]
    at, who = [START] * len(names), ["p"] * len(names)
    touched = parquet(tmp_path / "touched.parquet", person_id=who, touched_at=at, channel=names)
    sold = parquet(tmp_path / "sold.parquet", person_id=["p"], converted_at=[START + timedelta(days=1)])
    found = read_tables(touched, sold).walks
    assert found.channels == tuple(names[3:])
    assert list(found.codes) == list(range(channels))


@pytest.mark.parametrize(
    ("amounts", "said"),
    [
        ([1, 10**16], "Row 2: amount_minor is more than"),
        ([-(2**63), 1], "Row 1: amount_minor is more than"),
        ([10**15] * 10, "add up to more than"),
    ],
)
def test_amounts_beyond_what_is_dealt_to_the_cent_are_refused(tmp_path: Path, amounts: list[int], said: str) -> None:
    buyers = [str(number) for number in range(len(amounts))]
    sold = [START + timedelta(days=1)] * len(amounts)
    touched = parquet(
        tmp_path / "touched.parquet", person_id=buyers, touched_at=[START] * len(amounts), channel=["A"] * len(amounts)
    )
    file = parquet(tmp_path / "sold.parquet", person_id=buyers, converted_at=sold, amount_minor=amounts)
    with pytest.raises(FileError, match=said):
        read_tables(touched, file)


def test_the_largest_amounts_are_dealt_to_the_cent(tmp_path: Path) -> None:
    touches = [("p", START + timedelta(hours=hour), f"c{hour % 7}") for hour in range(41)]
    paths = read_tables(*written(tmp_path, touches, [("p", START + timedelta(days=9), 10**15 - 1)]))
    models = [MODELS[key] for key in ("linear", "time_decay", "position_based", "last_touch")]
    dealt = cents_by_channel(paths, weighing_of(paths, models))
    assert {int(credit.sum()) for credit in dealt.values()} == {10**15 - 1}


def test_the_command_takes_identities_beside_conversions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "touched.csv").write_text(
        "identity,touched_at,channel\nb1,2025-01-01T00:00:00Z,A\nb2,2025-01-02T00:00:00Z,B\n"
    )
    (tmp_path / "known.csv").write_text("identity,person_id\nb1,p\nb2,p\n")
    (tmp_path / "sold.csv").write_text("person_id,converted_at,amount_minor\np,2025-01-05T00:00:00Z,5\n")
    asked = ["attribute", str(tmp_path / "touched.csv"), "--identities", str(tmp_path / "known.csv")]
    assert main([*asked, "--conversions", str(tmp_path / "sold.csv"), "--model", "linear", "--format", "csv"]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == ["A,0.5,3.0,", "B,0.5,2.0,"]
    assert main(asked) == 2
    assert "--identities goes with --conversions" in capsys.readouterr().err
