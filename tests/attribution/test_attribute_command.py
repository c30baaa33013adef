"""`loopline attribute`: files of paths and touchpoints as people have them, and what it says about broken ones."""

import csv
import gzip
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from loopline.attribution.file_answers import Question, Source, answered
from loopline.attribution.model import MODELS
from loopline.attribution.own_model import Plan
from loopline.attribution.written_plan import plan_written
from loopline.cli.main import main
from loopline.cli.progress_bar import shown_to_who_looks_on
from loopline.lib.progress import doing, told_to
from tests.attribution.files import PATHS, TOUCHES


def figures(answer: str, name: str = "conversions") -> dict[str, float]:
    return {row["channel"]: round(row[name], 9) for row in json.loads(answer)["rows"]}


def test_paths_with_semicolons_give_the_credit_of_each_channel(asked) -> None:
    answer = json.loads(asked(PATHS, "--model", "linear", "--format", "json"))
    assert list(answer) == ["model", "order", "rows"]
    assert (answer["model"], answer["order"]) == ("linear", None)
    found = {
        row["channel"]: (round(row["conversions"], 6), row["value"], row["removal_effect"]) for row in answer["rows"]
    }
    assert found == {
        "A": (1.333333, 18.5, None), "B": (1.333333, 18.5, None), "C": (0.333333, 3.5, None),
    }  # fmt: skip


@pytest.mark.parametrize("model", ["first_touch", "last_touch", "position_based", "shapley", "markov"])
def test_whatever_the_model_all_conversions_and_all_value_are_given(asked, model: str) -> None:
    answer = asked(PATHS, "--model", model, "--format", "json")
    assert sum(figures(answer).values()) == pytest.approx(3)
    assert sum(figures(answer, "value").values()) == pytest.approx(40.5)


@pytest.mark.parametrize("order", ["1", "2", "3"])
def test_the_order_of_the_chain_is_told(asked, order: str) -> None:
    answer = json.loads(asked(PATHS, "--model", "markov", "--order", order, "--format", "json"))
    assert answer["order"] == int(order)
    assert all(0 <= row["removal_effect"] <= 1 for row in answer["rows"])


def test_commas_tabs_other_arrows_and_quoted_channels_are_recognised(asked) -> None:
    plain = figures(asked(PATHS, "--model", "linear", "--format", "json"))
    for text in (PATHS.replace(";", ","), PATHS.replace(";", "\t"), PATHS.replace(">", "→"), "\ufeff" + PATHS,
                 PATHS.replace("A > B;", '"A > B";').replace("path;", "PATH ;")):  # fmt: skip
        assert figures(asked(text, "--model", "linear", "--format", "json")) == plain


def test_touchpoints_become_paths_strictly_before_the_conversion(asked) -> None:
    """7 days apart: half as much for the older one. What came after does not count; p3 has nothing before."""
    answer = json.loads(asked(TOUCHES, "--model", "time_decay", "--format", "json"))
    assert {row["channel"]: row["value"] for row in answer["rows"]} == pytest.approx({"A": 100, "B": 200, "C": 0})
    assert answer["unattributed"] == {"conversions": 1, "value": 50}
    assert figures(asked(TOUCHES, "--model", "first_touch", "--lookback", "3", "--format", "json"))["B"] == 1


def test_touchpoints_with_milestones_can_be_w_shaped(asked) -> None:
    head, *rows = TOUCHES.splitlines()
    dated = "\n".join([f"{head},lead_created_at,opportunity_created_at",
                       *(f"{row},2026-03-01T10:00:00Z,2026-03-08T00:00:00Z" for row in rows)])  # fmt: skip
    answer = asked(dated, "--model", "w_shaped", "--format", "json")
    assert figures(answer) == {"A": round(2 / 3, 9), "B": round(1 / 3, 9), "C": 0}
    assert "lead_created_at" in asked(TOUCHES, "--model", "lead_creation", status=2)


def test_parquet_is_read_like_csv(asked, tmp_path: Path) -> None:
    file = tmp_path / "paths.parquet"
    pq.write_table(pa.table({"path": ["A > B", "C"], "total_conversions": [2, 0], "total_null": [0, 4]}), file)
    assert figures(asked(file, "--model", "first_touch", "--format", "json")) == {"A": 2, "B": 0, "C": 0}


def test_packed_text_is_read_like_csv(asked, tmp_path: Path) -> None:
    file = tmp_path / "paths.csv.gz"
    file.write_bytes(gzip.compress(PATHS.encode()))
    assert asked(file, "--model", "linear") == asked(PATHS, "--model", "linear")


def test_table_and_csv_hold_the_same_figures(asked) -> None:
    table = asked(PATHS, "--model", "first_touch")
    assert table.splitlines()[-1].split() == ["Total", "3.00", "40.50"]
    rows = list(csv.DictReader(asked(PATHS, "--model", "markov", "--format", "csv").splitlines()))
    assert sum(float(row["conversions"]) for row in rows) == pytest.approx(3)


def test_influenced_counts_overlap_and_say_so(asked) -> None:
    answer = json.loads(asked(PATHS, "--model", "influenced", "--format", "json"))
    assert answer["overlaps"] is True
    assert {row["channel"]: row["conversions"] for row in answer["rows"]} == {"A": 3, "B": 3, "C": 1}
    assert "Total" not in asked(PATHS, "--model", "influenced")


@pytest.mark.parametrize("model", list(MODELS))
def test_every_model_answers_or_says_what_it_lacks(tmp_path: Path, model: str, capsys) -> None:
    file = tmp_path / "paths.csv"
    file.write_text(PATHS)
    status = main(["attribute", str(file), "--model", model])
    is_told = status == 2 or MODELS[model].overlaps or MODELS[model].is_fitted
    assert bool(capsys.readouterr().err) == is_told


def test_what_belongs_to_a_path_may_stand_beside_one_of_its_touchpoints(asked) -> None:
    head, *rows = TOUCHES.splitlines()
    once = "\n".join([head, rows[0].replace("2026-03-08T00:00:01Z,300", ","), *rows[1:]])
    for model in ("linear", "time_decay"):
        told = [asked(text, "--model", model, "--format", "json") for text in (TOUCHES, once)]
        assert told[0] == told[1]


def test_a_value_may_stand_beside_another_touchpoint_than_the_moment_of_the_conversion(asked) -> None:
    apart = TOUCHES.replace("A,2026-03-08T00:00:01Z,300", "A,,300").replace("B,2026-03-08T00:00:01Z,300", "B,,")
    apart = apart.replace("C,2026-03-08T00:00:01Z,300", "C,2026-03-08T00:00:01Z,").replace("C,,\n", "C,,0\n")
    told = [asked(text, "--model", "linear", "--format", "json") for text in (TOUCHES, apart)]
    assert told[0] == told[1]


def test_touchpoints_of_one_moment_stand_in_the_order_of_their_lines_and_losses_are_shared(asked) -> None:
    rows = [f"p1,2026-03-01T00:00:00Z,{channel},2026-03-08T00:00:00Z,-50.5" for channel in ('"B, Inc"', "A", "C")]
    text = "\n".join(["path_id,touched_at,channel,converted_at,value", *rows])
    assert figures(asked(text, "--model", "first_touch", "--format", "json"), "value") == {
        "B, Inc": -50.5, "A": 0, "C": 0,
    }  # fmt: skip


def test_a_path_may_have_a_million_touchpoints(asked) -> None:
    text = f"path;total_conversions;total_conversion_value\n{' > '.join(['A', 'B'] * 500_000)};2;10\n"
    for model in ("linear", "markov"):
        assert figures(asked(text, "--model", model, "--format", "json"), "value") == pytest.approx({"A": 5, "B": 5})


def test_folders_cut_files_and_other_encodings_are_refused(asked, tmp_path: Path) -> None:
    assert "is a folder" in asked(tmp_path, status=2)
    cut, late = tmp_path / "cut.parquet", tmp_path / "late.csv"
    cut.write_bytes(b"PAR1 and no more")
    assert "not a whole Parquet file" in asked(cut, status=2)
    for begins, said in ((b"PK\x03\x04", "spreadsheet"), (b"\xff\xfep", "UTF-16"), (b"\x1f\x8b\x08", "gzip")):
        cut.write_bytes(begins)
        assert said in asked(cut, status=2)
    late.write_bytes(b"path;total_conversions\n" + b"B;1\n" * 9000 + "Café;1\n".encode("latin-1"))
    assert "UTF-8" in asked(late, status=2)


def test_a_model_of_ones_own_deals_by_weights_on_the_command_line_or_in_a_file(asked, tmp_path: Path) -> None:
    """First 50, last 50 and a week's half-life: the older one, seven days before, gets half as much."""
    plan = Plan(first=50, last=50, half_life_days=7)
    file = tmp_path / "ours.json"
    file.write_text(plan.to_json())
    for weights in ("first=50 last=50 half_life_days=7", "first=50, last=50, half_life_days=7", str(file)):
        answer = json.loads(asked(TOUCHES, "--weights", weights, "--format", "json"))
        assert (answer["model"], answer["order"]) == ("custom", None)
        assert {row["channel"]: row["value"] for row in answer["rows"]} == pytest.approx({"A": 100, "B": 200, "C": 0})
    assert figures(asked(PATHS, "--weights", "first=60 last=20 rest=20", "--format", "json")) == {
        "A": round(2 * 0.75 + 0.2, 9), "B": round(2 * 0.25 + 0.6, 9), "C": 0.2,
    }  # fmt: skip


def test_kinds_of_touchpoints_count_as_often_as_ones_own_model_says(asked) -> None:
    head, *rows = TOUCHES.splitlines()
    kinds = "\n".join([f"{head},touch_kind", *(f"{row},{'call' if ',A,' in row else 'entry'}" for row in rows)])
    answer = asked(kinds, "--weights", "rest=100 call=2", "--format", "json")
    assert figures(answer, "value") == {"A": 200, "B": 100, "C": 0}
    assert "touch_kind" in asked(TOUCHES, "--weights", "rest=100 call=2", status=2)


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ("first=40", "add up to 40 %"),
        ("first=forty", "write a number"),
        ("frist=100", "no weight “frist”"),
        ("first=50 first=50", "twice"),
        ("first=nan rest=100", "percentage from 0 to 100"),
        ("nothing.json", "neither weights"),
    ],
)
def test_weights_that_cannot_be_meant_are_refused(asked, weights: str, said: str) -> None:
    assert said in asked(PATHS, "--weights", weights, status=2)


@pytest.mark.parametrize("text", ["", "[1]", '{"first": "100"}', '{"frist": 100}', '{"first": 100, "kinds": [1]}'])
def test_a_file_that_is_no_model_is_refused_with_an_example(asked, tmp_path: Path, text: str) -> None:
    file = tmp_path / "model.json"
    file.write_text(text)
    assert "such as {" in asked(PATHS, "--weights", str(file), status=2)


def test_words_are_read_as_the_plan_they_say() -> None:
    plan = Plan(first=12.5, rest=87.5, kinds={"call": 2, "entry": 0}, half_life_days=30)
    assert plan_written("first=12.5 rest=87.5 call=2 entry=0 half_life_days=30") == plan


def test_models_that_learn_say_how_sure_they_are(asked) -> None:
    rows = json.loads(asked(PATHS, "--model", "markov", "--intervals", "--format", "json"))["rows"]
    assert all(row["conversions_low"] <= row["conversions"] <= row["conversions_high"] for row in rows)
    many = PATHS.replace(";2;", ";2000;").replace(";7", ";7000")
    ranked = json.loads(asked(many, "--model", "shapley", "--intervals", "--format", "json"))["rows"]
    assert [row["rank"] for row in ranked] == [None, None, 3]
    assert asked(many, "--model", "shapley", "--intervals").splitlines()[3].split()[-1] == "3"
    assert "no interval" in asked(PATHS, "--model", "linear", "--intervals", status=2)


def test_a_channel_that_looks_like_a_formula_is_a_text_in_the_csv(asked) -> None:
    assert "'=1+1," in asked("path;total_conversions\n=1+1;1\n", "--model", "linear", "--format", "csv")


COMPARED = ("--model", "first_touch,influenced,last_touch", "--model", "linear")
MANY = "path;total_conversions;total_conversion_value\nA > B;60;600\nB;40;800\n"


def test_models_stand_side_by_side_with_what_each_says_alone(asked) -> None:
    compared = json.loads(asked(MANY, *COMPARED, "--format", "json"))
    assert [one["model"] for one in compared["models"]] == ["first_touch", "influenced", "last_touch", "linear"]
    for one in compared["models"]:
        assert one == json.loads(asked(MANY, "--model", one["model"], "--format", "json"))
    lines = [line.split() for line in asked(MANY, *COMPARED).splitlines()]
    assert lines[0] == "Conversions of First touch Influenced Last touch Linear Difference".split()
    assert lines[1:4] == [
        ["A", "60.00", "60.00", "0.00", "30.00", "100", "%"],
        ["B", "40.00", "100.00", "100.00", "70.00", "60", "%"],
        ["Total", "100.00", "—", "100.00", "100.00"],
    ]
    assert ["Total", "1,400.00", "—", "1,400.00", "1,400.00"] in lines
    rows = list(csv.DictReader(asked(MANY, *COMPARED, "--format", "csv").splitlines()))
    assert {(row["model"], row["channel"]): float(row["value"]) for row in rows if row["model"] != "influenced"} == {
        ("first_touch", "A"): 600, ("first_touch", "B"): 800, ("last_touch", "A"): 0, ("last_touch", "B"): 1400,
        ("linear", "A"): 300, ("linear", "B"): 1100,
    }  # fmt: skip


def test_where_models_disagree_is_said_with_what_it_means(asked, capsys, tmp_path: Path) -> None:
    told = json.loads(asked(MANY, *COMPARED, "--format", "json"))["disagreements"]
    assert told == [
        "A: 60\u00a0% by first touch, 0\u00a0% by last touch. It opens more than it closes: cutting it would "
        "show late.",
        "B: 100\u00a0% by last touch, 40\u00a0% by first touch. It closes more than it opens: others may "
        "have done the work before.",
    ]
    assert main(["attribute", str(tmp_path / "paths.csv"), *COMPARED]) == 0
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith("The models disagree")
    assert said[1:3] == told
    agreeing = PATHS.replace("A > B", "A").replace("B>A>C", "B")
    assert json.loads(asked(agreeing, *COMPARED, "--format", "json"))["disagreements"] == []


def test_every_model_that_the_file_can_tell_is_compared_and_the_others_say_what_they_lack(asked) -> None:
    told = json.loads(asked(TOUCHES, "--model", "all", "--weights", "first=100", "--format", "json"))
    keys = [one["model"] for one in told["models"]]
    assert {"time_decay", "custom", "markov"} <= {*keys}
    assert sorted([*keys, *told["left_out"]]) == sorted([*MODELS, "custom"])
    assert told["left_out"]["w_shaped"] == "W-shaped needs lead_created_at and opportunity_created_at."
    assert "W-shaped needs" in asked(TOUCHES, "--model", "linear,w_shaped", status=2)


def test_intervals_stand_below_models_side_by_side(asked) -> None:
    table = asked(MANY, "--model", "linear,shapley", "--intervals")
    assert table.count("Between") == 1
    rows = list(csv.DictReader(asked(MANY, "--model", "linear,shapley", "--intervals", "--format", "csv").splitlines()))
    assert {row["model"] for row in rows if row["conversions_low"]} == {"shapley"}


def test_how_much_the_window_matters_stands_beside_the_table(asked) -> None:
    """p1: seven days before its sale A, one second before it B. p3 has nothing before."""
    windows = ("--model", "first_touch", "--lookback", "30,3,none")
    answer = json.loads(asked(TOUCHES, *windows, "--format", "json"))
    assert answer["rows"] == json.loads(asked(TOUCHES, *windows[:3], "30", "--format", "json"))["rows"]
    assert {one["lookback_days"]: one["rows"][0]["channel"] for one in answer["windows"]} == {
        30: "A",
        3: "B",
        None: "A",
    }
    table = [line.split() for line in asked(TOUCHES, *windows).splitlines()]
    place = table.index("First touch by lookback window".split())
    assert table[place + 1] == "Conversions of 3 days 30 days No window Difference".split()
    assert table[place + 2] == ["A", "0.00", "1.00", "1.00", "100", "%"]
    assert ["Unattributed", "50.00", "50.00", "50.00", "0", "%"] in table
    rows = list(csv.DictReader(asked(TOUCHES, *windows, "--format", "csv").splitlines()))
    assert {row["lookback_days"] for row in rows} == {"30", "3", ""}


def test_tables_answer_side_by_side_in_whole_cents_and_an_empty_window_leaves_the_others_standing(
    asked, tmp_path: Path
) -> None:
    sold = tmp_path / "sold.csv"
    sold.write_text("person_id,converted_at,amount_minor\np,2026-03-08,-1001\n")
    touched = "person_id,touched_at,channel\np,2026-03-01,B\np,2026-03-01,A\nq,2026-03-01,C\n"
    asked_for = ("--conversions", str(sold), "--model", "linear,markov", "--lookback", "30,3", "--format", "json")
    answer = json.loads(asked(touched, *asked_for))
    assert [figures(json.dumps(one), "value") for one in answer["models"]] == [
        {"A": -501, "B": -500, "C": 0}, {"A": -500.5, "B": -500.5, "C": 0},
    ]  # fmt: skip
    assert answer["empty_windows"] == [3]


def test_who_looks_on_sees_what_is_done_and_how_much_of_it(tmp_path: Path) -> None:
    """In steps from none of it on; nothing is written where nobody looks on."""
    file = tmp_path / "paths.csv"
    file.write_text(MANY)
    seen: dict[str, list[float]] = {}
    with told_to(lambda what, share: seen.setdefault(what, []).append(share)):
        answered(Question(Source(file), [MODELS["linear"], MODELS["markov"]], with_intervals=True), (None,))
    assert list(seen) == [
        "checking paths.csv", "reading paths.csv", "sharing out", "finding the states", "counting the moves",
        "drawing each path by itself", "drawing the paths again, 200 times",
    ]  # fmt: skip
    drawn = seen["drawing the paths again, 200 times"]
    assert drawn == sorted(drawn)
    assert (drawn[0], drawn[-1], len(drawn)) == (0, 199 / 200, 201)
    assert all(0 <= share <= 1 for shares in seen.values() for share in shares)


@pytest.mark.parametrize("is_terminal", [True, False])
def test_the_bar_is_drawn_on_a_terminal_and_not_in_a_pipe(is_terminal: bool) -> None:
    to = io.StringIO()
    with shown_to_who_looks_on(Console(file=to, force_terminal=is_terminal, width=100)) as about:
        about("Markov")
        doing("counting the moves")(0.43)
    assert ("Markov: counting the moves" in to.getvalue() and "43%" in to.getvalue()) is is_terminal
    assert bool(to.getvalue()) is is_terminal
