"""Models of an organisation's own: dealt as worked out by hand, always balanced, each as of its moment."""

from datetime import timedelta

import pytest

from loopline.attribution.own_model import Plan, PlanError, own_model, own_models
from loopline.reports.answer import answered
from loopline.reports.change.why import why_changed
from loopline.reports.options import OptionError, Options
from loopline.reports.run import settle
from loopline.reports.side_by_side import side_by_side
from loopline.store.engine import Engine, StoreError
from tests.attribution.shelf import BOOKS, LEARNT, MARCH, Shelf, closed_loop, column, day
from tests.attribution.test_credit_ledger import dealt, random_books
from tests.attribution.test_models import a_deal

OURS = Plan(first=30, lead=30, last=20, rest=20)
KINDS = Plan(rest=100, kinds={"call": 2, "entry": 0})


def save(shelf: Shelf, plan: Plan, number: int = 1, learnt=LEARNT) -> None:
    shelf.fact(
        "attribution_model_facts", "custom_ours", name="Ours", number=number, plan=plan.to_json(),
        sentence=plan.sentence, learnt=learnt,
    )  # fmt: skip


def cents(engine: Engine, plan: Plan, **options: object) -> list[int]:
    found = dealt(engine, own_model("custom_ours", "Ours", 1, plan), **options).get("o1", {})
    return [found.get(f"e{number}", 0) for number in range(1, 9)]


def test_shares_of_milestones_and_the_rest_are_dealt_as_said(engine: Engine) -> None:
    a_deal(engine).store()
    assert cents(engine, OURS) == [30_00, 30_00, 4_00, 4_00, 4_00, 4_00, 4_00, 20_00]
    assert cents(engine, Plan(opportunity=100)) == [0, 0, 0, 0, 100_00, 0, 0, 0]


def test_a_half_life_favours_what_came_late(engine: Engine) -> None:
    """A day apart, halved every day: 1, 2, 4, … of 255."""
    a_deal(engine).store()
    assert cents(engine, Plan(rest=100, half_life_days=1)) == [39, 78, 1_57, 3_14, 6_27, 12_55, 25_10, 50_20]


def kinds_of_touchpoints(engine: Engine, *kinds: str) -> Shelf:
    shelf = Shelf(engine)
    shelf.person("ines", "v1")
    for number, kind in enumerate(kinds, start=1):
        shelf.touch(f"e{number}", "visitor:v1", day(number), touch_kind=kind, channel=kind)
    shelf.won("o1", "ines", day(20), 100_00)
    return shelf


def test_kinds_of_touchpoints_count_as_much_as_said(engine: Engine) -> None:
    kinds_of_touchpoints(engine, "call", "entry", "form", "meeting").store()
    assert cents(engine, KINDS)[:4] == [50_00, 0, 25_00, 25_00]


def test_where_nothing_on_the_path_counts_the_shares_alone_decide_and_the_sale_balances(engine: Engine) -> None:
    kinds_of_touchpoints(engine, "entry", "entry").store()
    assert cents(engine, KINDS)[:2] == [50_00, 50_00]
    far = Plan(first=100, half_life_days=1)
    assert cents(engine, far)[:2] == [100_00, 0]


def test_a_half_life_far_shorter_than_the_path_still_deals_everything(engine: Engine) -> None:
    shelf = Shelf(engine)
    shelf.person("ines", "v1")
    for number, at in enumerate((day(-3000), day(-2999), day(1)), start=1):
        shelf.touch(f"e{number}", "visitor:v1", at)
    shelf.won("o1", "ines", day(20), 100)
    shelf.store()
    assert sum(cents(engine, Plan(first=100, half_life_days=1), lookback_days=None)) == 100


def test_any_books_balance_and_it_stands_beside_the_others(engine: Engine) -> None:
    random_books(engine, 3)
    shelf = Shelf(engine)
    save(shelf, Plan(first=40, opportunity=20, rest=40, kinds={"call": 2, "entry": 0.5}, half_life_days=3))
    shelf.store()
    for clock in ("period", "cohort"):
        closed_loop(engine, model="custom_ours", clock=clock)
    scope = settle(Options(**MARCH, by="channel"), engine, BOOKS)  # type: ignore[arg-type]
    found = side_by_side(scope, ["linear", "custom_ours"], "revenue", engine)
    assert found.holds
    own = column(closed_loop(engine, by="channel", model="custom_ours"), "revenue_minor")
    assert {row.key: row.credit["custom_ours"] for row in found.rows if row.credit["custom_ours"]} == own


def test_a_report_as_of_a_moment_deals_by_the_version_of_that_moment(engine: Engine) -> None:
    shelf = kinds_of_touchpoints(engine, "call", "form")
    save(shelf, Plan(first=100), 1)
    save(shelf, Plan(last=100), 2, learnt=LEARNT + timedelta(days=10))
    shelf.store()

    def revenue(**options: object) -> dict[str, object]:
        return column(closed_loop(engine, by="channel", model="custom_ours", **options), "revenue_minor")

    assert revenue(as_of=LEARNT + timedelta(days=1)) == {"call": 100_00}
    assert revenue() == {"form": 100_00}
    options = Options(**MARCH, by="channel", model="custom_ours")  # type: ignore[arg-type]
    why = why_changed("closed-loop", options, LEARNT + timedelta(days=1), engine, BOOKS)
    [share] = [share for share in why.shares if share.cause.key == "models"]
    assert share.by_row == {"call": -100_00, "form": 100_00}
    with pytest.raises(OptionError, match="There is no model “custom_theirs”"):
        closed_loop(engine, model="custom_theirs")
    with pytest.raises(OptionError, match=r"There is no model “x”.* linear, .*, custom_ours"):
        answered("closed-loop", {"model": "x"}, engine, BOOKS)


@pytest.mark.parametrize(
    ("plan", "why"),
    [
        (Plan(first=50), "add up to 50 %"),
        (Plan(first=-10, rest=110), "from 0 to 100"),
        (Plan(first=33.333, rest=66.667), "two digits"),
        (Plan(rest=100, kinds={"smell": 1}), "no kind of touchpoint"),
        (Plan(rest=100, kinds={"call": 11}), "0 to 10"),
        (Plan(rest=100, half_life_days=0), "half-life"),
    ],
)
def test_weights_that_cannot_be_meant_are_refused_in_words(plan: Plan, why: str) -> None:
    with pytest.raises(PlanError, match=why):
        plan.check()


def test_a_plan_says_itself_in_a_sentence() -> None:
    OURS.check()
    assert OURS.sentence == (
        "30 % on the first touchpoint, 30 % on lead creation, 20 % on the last touchpoint, 20 % shared by the rest"
    )
    whole = Plan(rest=100, kinds={"call": 2, "entry": 0, "form": 1}, half_life_days=14)
    assert whole.sentence == (
        "100 % shared by all touchpoints; calls count double; visits count for nothing; "
        "halved for every 14 days before the last touchpoint"
    )


def test_a_version_without_a_whole_number_is_told_and_never_taken_for_one(
    reading_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = {"id": "custom_ours", "name": "Ours", "number": None, "plan": OURS.to_json()}
    monkeypatch.setattr(reading_engine, "rows", lambda _sql, _values: [row])
    with pytest.raises(StoreError, match="custom_ours has the number None"):
        own_models(reading_engine, {"as_of": LEARNT})
