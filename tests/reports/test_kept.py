"""A report as of a moment is worked out once; anything it depends on makes it another one."""

from collections.abc import Hashable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import cast

from loopline.reports.kept import MOST, kept_or
from loopline.reports.options import Books, Options, Scope
from loopline.store.engine import Engine

SCOPE = Scope(
    options=Options(), books=Books("EUR", "UTC", {"u1": "Nordics"}), first=date(2026, 1, 1), last=date(2026, 1, 31),
    as_of=datetime(2026, 2, 1, tzinfo=UTC),
)  # fmt: skip


class Store:
    """Stands for an engine: only which one it is, and how often people were erased, matters here."""

    erased = 0

    def erasures(self) -> int:
        return self.erased


def counted(engine: Store, scope: Scope, made: list[object], report: Hashable = "closed-loop") -> object:
    def work_out() -> object:
        made.append(object())
        return made[-1]

    return kept_or(cast(Engine, engine), report, scope, work_out)


def test_the_same_question_is_worked_out_once_and_another_store_knows_nothing_of_it() -> None:
    made: list[object] = []
    store = Store()
    assert counted(store, SCOPE, made) is counted(store, SCOPE, made)
    assert len(made) == 1
    counted(Store(), SCOPE, made)
    assert len(made) == 2


def test_whatever_a_result_depends_on_makes_it_another_one() -> None:
    made: list[object] = []
    store = Store()
    others = [
        SCOPE,
        replace(SCOPE, as_of=datetime(2026, 2, 2, tzinfo=UTC)),
        replace(SCOPE, last=date(2026, 1, 30)),
        replace(SCOPE, options=replace(SCOPE.options, unit_ids=frozenset({"u1"}))),
        replace(SCOPE, options=replace(SCOPE.options, model="first_touch")),
        replace(SCOPE, books=replace(SCOPE.books, units={"u1": "Nordics", "u2": "South"})),
        replace(SCOPE, books=replace(SCOPE.books, sees_all_units=False)),
        replace(SCOPE, books=replace(SCOPE.books, margins={"u1": 40})),
    ]
    for scope in others:
        counted(store, scope, made)
    assert len(made) == len(others)
    counted(store, SCOPE, made, report="another")
    counted(store, SCOPE, made, report=("models", "revenue", "linear"))
    counted(store, SCOPE, made, report=("models", "won", "linear"))
    assert len(made) == len(others) + 3


def test_only_so_many_are_kept() -> None:
    made: list[object] = []
    store = Store()
    for day in range(MOST + 1):
        counted(store, replace(SCOPE, as_of=datetime(2026, 3, 1, day % 24, day // 24, tzinfo=UTC)), made)
    counted(store, replace(SCOPE, as_of=datetime(2026, 3, 1, 0, 0, tzinfo=UTC)), made)
    assert len(made) == MOST + 2


def test_an_erasure_makes_all_forgotten_that_was_worked_out_before_it() -> None:
    made: list[object] = []
    store = Store()
    counted(store, SCOPE, made)
    store.erased += 1
    counted(store, SCOPE, made)
    counted(store, SCOPE, made)
    assert len(made) == 2


def test_what_was_worked_out_while_somebody_was_erased_is_not_kept_for_later() -> None:
    store = Store()

    def work_out() -> str:
        store.erased += 1
        return "with the person"

    kept_or(cast(Engine, store), "closed-loop", SCOPE, work_out)
    assert kept_or(cast(Engine, store), "closed-loop", SCOPE, lambda: "without") == "without"
