"""The chain by hand, the walks out of the event store, and the ledger that shares each path by removal effects."""

from dataclasses import replace
from fractions import Fraction
from itertools import groupby, pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest

from loopline.attribution.bootstrap import Interval, markov_interval, shapley_interval
from loopline.attribution.chain import OrderError, chain_of, removal_effects, steps_of
from loopline.attribution.credit import markov, shapley
from loopline.attribution.fitted import TooFewError, walks_of, weights_learnt
from loopline.attribution.model import MODELS
from loopline.attribution.walks import Walks, walks_from_texts
from loopline.lib.money import deal_out
from loopline.reports.options import OptionError, Options
from loopline.reports.run import settle
from loopline.store.engine import Engine
from tests.attribution.shelf import BOOKS, MARCH, Shelf, closed_loop, column, day
from tests.attribution.test_credit_ledger import dealt

CASES = Path(__file__).parents[3] / "shared" / "attribution_cases"
needs_cases = pytest.mark.skipif(not CASES.exists(), reason="needs ../shared/attribution_cases, which is not here")


def walks(*lines: tuple[str, float, float, float]) -> Walks:
    """Walks from (path, conversions, value, nulls)."""
    paths, *figures = zip(*lines, strict=True)
    return walks_from_texts(pa.chunked_array([list(paths)]), *(np.array(one, dtype=float) for one in figures))


def by_channel(known: Walks, figures: np.ndarray) -> dict[str, float]:
    return dict(zip(known.channels, figures.tolist(), strict=True))


def test_removal_effects_are_those_of_the_chain_on_paper() -> None:
    """Start goes to A twice of three and to B once; A on to B half the time, else to null; B always converts on A's
    walk and never alone: P = 1/3, without A: 1/3 × 1/2, without B: 0."""
    known = walks(("A > B", 1, 100, 0), ("A", 0, 0, 1), ("B", 0, 0, 1))
    effects = by_channel(known, removal_effects(chain_of(known, 1)).of_conversions)
    assert effects == pytest.approx({"A": 0.5, "B": 1.0})
    credit = markov(known)
    assert by_channel(known, credit.conversions) == pytest.approx({"A": 1 / 3, "B": 2 / 3})
    assert by_channel(known, credit.value) == pytest.approx({"A": 100 / 3, "B": 200 / 3})


def test_a_channel_that_follows_itself_is_one_state() -> None:
    once, repeated = walks(("A > B", 1, 1, 1)), walks(("A > A > A > B > B", 1, 1, 1))
    assert markov(once).conversions.tolist() == markov(repeated).conversions.tolist()


def test_the_second_order_knows_what_came_before() -> None:
    """A converts only after B: at order 2 the states are (A,), (B, A) and (C, A), and C earns nothing."""
    known = walks(("B > A", 4, 4, 0), ("C > A", 0, 0, 4), ("A", 0, 0, 2))
    assert by_channel(known, markov(known, 2).removal_effect) == pytest.approx({"A": 1, "B": 1, "C": 0})
    assert by_channel(known, markov(known, 1).removal_effect)["C"] > 0.3


def test_all_orders_agree_with_a_walk_over_every_path_where_channels_repeat_nothing() -> None:
    """At order 3 no two of these walks share a state: without a channel exactly its own walks are lost."""
    known = walks(("A > B > C", 5, 50, 5), ("B > D", 3, 6, 1), ("E", 2, 8, 7))
    effects = by_channel(known, removal_effects(chain_of(known, 3)).of_conversions)
    assert effects == pytest.approx({"A": 0.5, "B": 0.8, "C": 0.5, "D": 0.3, "E": 0.2})


@pytest.mark.parametrize("has_refunds", [False, True])
def test_passing_values_on_gives_what_solving_gives(has_refunds: bool) -> None:
    chance = np.random.default_rng(7)
    lines = [(" > ".join(chance.choice(list("ABCDEF"), chance.integers(1, 9))), *chance.integers(1, 9, 3))
             for _ in range(300)]  # fmt: skip
    if has_refunds:
        lines = [(path, conversions, value * (-1) ** place, nulls)
                 for place, (path, conversions, value, nulls) in enumerate(lines)]  # fmt: skip
    chain = chain_of(walks(*lines), 2)
    solved, passed_on = removal_effects(chain), removal_effects(chain, largest_dense=0)
    assert passed_on.of_conversions == pytest.approx(solved.of_conversions, rel=1e-12)
    assert passed_on.of_value == pytest.approx(solved.of_value, rel=1e-12)


def exactly(known: Walks) -> dict[str, float]:
    """The value of each channel in fractions, for walks of order 1."""
    width = len(known.channels)
    moves = [[Fraction(0)] * (width + 1) for _ in range(width + 1)]
    value, leaves = [Fraction(0)] * (width + 1), [Fraction(0)] * (width + 1)
    for walk in range(len(known)):
        codes = known.codes[known.starts[walk] : known.starts[walk + 1]].tolist()
        count = Fraction(float(known.conversions[walk])) + Fraction(float(known.nulls[walk]))
        for here, there in pairwise([width, *(code for code, _ in groupby(codes))]):
            moves[here][there] += count
            leaves[here] += count
        value[codes[-1]] += Fraction(float(known.value[walk]))
        leaves[codes[-1]] += count

    def reached(gone: int) -> Fraction:
        """From the start (the last state), by elimination."""
        rows = [
            [Fraction(int(here == there)) - (moves[here][there] / leaves[here] if here != gone else 0)
             for there in range(width + 1)] + [value[here] / leaves[here] if here != gone else Fraction(0)]
            for here in range(width + 1)
        ]  # fmt: skip
        for pivot in range(width + 1):
            rows[pivot] = [one / rows[pivot][pivot] for one in rows[pivot]]
            for other in set(range(width + 1)) - {pivot}:
                rows[other] = [a - rows[other][pivot] * b for a, b in zip(rows[other], rows[pivot], strict=True)]
        return rows[width][-1]

    whole = reached(-1)
    lost = [whole - reached(gone) for gone in range(width)]
    share = sum(Fraction(float(one)) for one in known.value) / sum(lost)
    return {channel: float(one * share) for channel, one in zip(known.channels, lost, strict=True)}


def test_small_sales_beside_huge_ones_are_worth_what_they_are_on_paper() -> None:
    """Sales of some cents beside one of ten billion: what is lost without a small channel is not told from the
    difference of two huge sums."""
    known = walks(
        ("A > B", 3, 7_00, 2), ("B > C > D", 1, 3_33, 1), ("D > C", 2, 1, 3), ("E > F", 4, 10**12 + 7, 1),
        ("F > E > F", 1, 3 * 10**11, 0), ("G", 1, 5, 6), ("E > G", 0, 0, 2),
    )  # fmt: skip
    on_paper = exactly(known)
    assert on_paper["G"] < 100
    assert by_channel(known, markov(known).value) == pytest.approx(on_paper, rel=1e-11, abs=0)
    effects = removal_effects(chain_of(known, 1), largest_dense=0).of_value
    passed_on = effects / effects.sum() * known.value.sum()
    assert by_channel(known, passed_on) == pytest.approx(on_paper, rel=1e-11, abs=0)


def test_only_orders_up_to_three_are_known() -> None:
    with pytest.raises(OrderError, match="1, 2 or 3"):
        markov(walks(("A", 1, 1, 1)), 4)


def test_states_that_are_too_many_for_a_number_each_are_said_so() -> None:
    too_many = replace(walks(("A", 1, 1, 1)), channels=["A"] * 2_200_000)
    with pytest.raises(OrderError, match="lower order"):
        steps_of(too_many, 3)


def test_shapley_shares_equally_among_the_channels_of_a_set() -> None:
    known = walks(("A > B > A > A", 2, 10, 0), ("C", 1, 3, 5))
    credit = shapley(known)
    assert by_channel(known, credit.conversions) == {"A": 1, "B": 1, "C": 1}
    assert by_channel(known, credit.value) == {"A": 5, "B": 5, "C": 3}


def test_more_conversions_make_intervals_narrower_and_the_same_seed_the_same() -> None:
    lines = [("A > B", 4, 4, 9), ("B", 5, 5, 9), ("C > A", 6, 6, 9)]
    few, many = walks(*lines), walks(*((path, n * 100, v * 100, z * 100) for path, n, v, z in lines))
    wide, narrow = markov_interval(few), markov_interval(many)
    assert ((wide.high - wide.low) > 5 * (narrow.high - narrow.low)).all()
    share = markov(many).conversions / many.conversions.sum()
    assert (narrow.low <= share).all()
    assert (share <= narrow.high).all()
    assert markov_interval(few).low.tolist() == wide.low.tolist()
    assert (shapley_interval(few).low < shapley_interval(few).high).all()


def test_ranks_that_overlap_are_not_given() -> None:
    low, high = np.array([0.5, 0.1, 0.15, 0.0]), np.array([0.6, 0.2, 0.25, 0.05])
    assert Interval(low, high).ranks() == [1, None, None, 4]


def forty_sales(engine: Engine, count: int = 40) -> None:
    """Each second sale came through Email and then Paid Search, the others through Event; strangers came by Email."""
    shelf = Shelf(engine)
    for number in range(count):
        shelf.person(f"p{number}", f"v{number}")
        for place, channel in enumerate(("Email", "Paid Search") if number % 2 else ("Event",)):
            shelf.touch(f"e{number}-{place}", f"visitor:v{number}", day(2 + place), channel=channel)
        shelf.lead(f"l{number}", f"p{number}", day(5), qualified_at=day(6))
        shelf.won(f"o{number}", f"p{number}", day(9), 100_01, lead_id=f"l{number}")
    for number in range(10):
        shelf.touch(f"s{number}", f"visitor:stranger{number}", day(3), channel="Email")
        shelf.touch(f"m{number}", f"visitor:machine{number}", day(3), channel="Email", bot_verdict="machine:crawler")
        shelf.touch(f"f{number}", f"visitor:stranger{number}", day(60), channel="Event")
    shelf.store()


def test_walks_of_the_store_are_paths_of_conversions_and_of_everyone_else(engine: Engine) -> None:
    forty_sales(engine)
    scope = settle(Options(**MARCH), engine, BOOKS)  # type: ignore[arg-type]
    known = walks_of(engine, scope.params, "won")
    seen: dict[tuple[str, ...], list[float]] = {}
    for number in range(len(known)):
        path = tuple(known.channels[code] for code in known.codes[known.starts[number] : known.starts[number + 1]])
        figures = seen.setdefault(path, [0.0, 0.0])
        figures[0] += known.conversions[number]
        figures[1] += known.nulls[number]
    assert seen == {("Email", "Paid Search"): [20, 0], ("Event",): [20, 0], ("Email",): [0, 10]}


def test_the_ledger_shares_each_path_by_removal_effects_to_the_cent(engine: Engine) -> None:
    """Email: 30 walks begin there, 20 go on to Paid Search. P = 40/50; without Email or Paid Search 20/50 is left."""
    forty_sales(engine)
    scope = settle(Options(**MARCH), engine, BOOKS)  # type: ignore[arg-type]
    effects = removal_effects(chain_of(walks_of(engine, scope.params, "won"), 1)).of_conversions
    assert sorted(effects.tolist()) == pytest.approx([0.5, 0.5, 0.5])
    ledger = dealt(engine, MODELS["markov"])
    assert list(ledger["o1"].values()) == deal_out(100_01, [0.5, 0.5])
    assert list(ledger["o2"].values()) == [100_01]
    result = closed_loop(engine, model="markov", by="channel")
    assert sum(column(result, "revenue_minor").values()) == 40 * 100_01  # type: ignore[arg-type]
    assert column(result, "leads") == pytest.approx({"Email": 10, "Paid Search": 10, "Event": 20})


def test_below_thirty_conversions_a_fitted_model_is_refused_with_a_way_out(engine: Engine) -> None:
    forty_sales(engine, 29)
    scope = settle(Options(**MARCH), engine, BOOKS)  # type: ignore[arg-type]
    with pytest.raises(TooFewError, match=r"29 won opportunities.*needs 30.*linear"):
        weights_learnt(MODELS["markov"], engine, scope.params, 1, "won")
    with pytest.raises(OptionError, match="longer period"):
        closed_loop(engine, model="markov")


def test_an_empty_store_is_refused_not_divided_by_zero(engine: Engine) -> None:
    with pytest.raises(OptionError, match="There are 0 leads"):
        closed_loop(engine, model="markov")


def _shared(name: str, delimiter: str = ",") -> pa.Table:
    return pyarrow.csv.read_csv(CASES / name, parse_options=pyarrow.csv.ParseOptions(delimiter=delimiter))


@needs_cases
@pytest.mark.parametrize("case", ["null", "nonull"])
def test_order_one_agrees_with_the_exact_chain_of_ten_thousand_paths(case: str) -> None:
    table = _shared("pathdata_channelattribution/PathData.csv", ";")
    figures = [np.asarray(table[name]).astype(float) for name in
               ("total_conversions", "total_conversion_value", "total_null")]  # fmt: skip
    figures[2] *= case == "null"
    known = walks_from_texts(table["path"], *figures)
    credit = markov(known)
    wanted = {
        row["channel"]: row
        for row in _shared(f"pathdata_channelattribution/expected_markov_exact_o1_{case}.csv").to_pylist()
    }
    assert by_channel(known, credit.conversions) == pytest.approx(
        {key: row["conversions"] for key, row in wanted.items()}, rel=1e-9
    )
    assert by_channel(known, credit.value) == pytest.approx(
        {key: row["value"] for key, row in wanted.items()}, rel=1e-9
    )
    assert by_channel(known, credit.removal_effect) == pytest.approx(
        {key: row["removal_effect_conv"] for key, row in wanted.items()}, rel=1e-9
    )
    rows = _shared(f"pathdata_channelattribution/channelattribution225_seed0_o1_{case}.csv").to_pylist()
    simulated = {row["channel_name"]: row["total_conversions"] for row in rows}
    large = {key: figure for key, figure in by_channel(known, credit.conversions).items() if figure > 500}
    assert large == pytest.approx({key: simulated[key] for key in large}, rel=0.05)


@needs_cases
def test_shapley_agrees_with_the_shared_table() -> None:
    table = _shared("shapley_three_channels/input.csv").to_pylist()
    known = walks(*((row["channel_set"].replace("+", ">"), row["conversion_ratio"], 0, 0) for row in table))
    wanted = {row["channel"]: row["shapley"] for row in _shared("shapley_three_channels/expected.csv").to_pylist()}
    assert by_channel(known, shapley(known).conversions) == pytest.approx(wanted, abs=1e-9)
