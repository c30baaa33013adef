"""A report beside its second count: every figure of every row, and every row of both."""

import json
from dataclasses import replace

from loopline.attribution.heard import CATEGORIES
from loopline.reports.options import Books, Options
from loopline.reports.run import run_report
from loopline.reports.weekly.table import weekly_table
from loopline.store.engine import Engine
from tests.second_count import of_costs, of_leads, of_sales
from tests.second_count.books import Asked, Known, Raw
from tests.second_count.closed_loop import Table, closed_loop

FIXED = ("first_touch", "last_touch", "linear", "position_based", "shapley", "time_decay", "w_shaped")
COUNTS = {
    "buyers": of_sales.buyers, "company-engagement": of_sales.company_engagement, "content": of_sales.content,
    "coverage": of_costs.coverage, "funnel": of_leads.funnel, "hand-off": of_leads.hand_off,
    "it-costs": of_costs.it_costs, "cohort-maturity": of_leads.cohort_maturity, "paths": of_sales.paths,
    "pipeline-created": of_sales.pipeline_created, "plan-and-actual": of_costs.plan_and_actual,
    "platform-claims": of_costs.platform_claims, "source-quality": of_leads.source_quality,
    "speed-to-lead": of_leads.speed_to_lead, "cost-per-stage": of_costs.cost_per_stage,
    "model-comparison": lambda known: of_sales.model_comparison(known, FIXED),
    "self-reported": lambda known: of_leads.self_reported(known, _said, [*CATEGORIES]),
}  # fmt: skip


def _said(event: Raw) -> str | None:
    return json.loads(event["properties"] or "{}").get("self_reported")


def asked_of(options: Options, books: Books) -> Asked:
    assert options.first is not None
    assert options.last is not None
    assert options.as_of is not None
    units = options.unit_ids if options.unit_ids is not None else (None if books.sees_all_units else [*books.units])
    return Asked(
        options.first, options.last, options.as_of, books.zone, None if units is None else frozenset(units),
        options.model, options.clock, options.by, options.lookback_days, options.half_life_days, options.people,
        options.touch_kinds, options.ignores_direct, options.humans_only, books.margins,
    )  # fmt: skip


def differences(
    key: str, options: Options, books: Books, engine: Engine, tables: dict[str, list[dict[str, object]]]
) -> list[str]:
    """Each figure that is not the same, in words."""
    if key == "weekly":
        return _weekly(options, books, engine, tables)
    result = run_report(key, options, engine, books)
    known = Known(tables, asked_of(replace(options, by=result.by or options.by), books))
    counted = closed_loop(known, *options.kinds) if key == "closed-loop" else COUNTS[key](known)
    found = {row.key: row.values for row in result.rows}
    if result.has_total and any(value is not None for value in result.totals.values.values()):
        found["~total"] = result.totals.values
    if "~others" in found:
        listed = counted.keys() & found.keys()
        del found["~others"]
        counted = {row: counted[row] for row in listed}
    problems = [] if result.balance is None or result.balance.holds else [f"{key}: does not balance"]
    if result.check is not None and not result.check.holds:
        problems.append(f"{key}: does not add up, {result.check}")
    return problems + compared(found, counted)


def compared(found: Table, counted: Table) -> list[str]:
    problems = []
    for row in sorted(found.keys() | counted.keys()):
        here, there = found.get(row, {}), counted.get(row, {})
        names = here.keys() if here else there.keys()
        for name in names:
            if there and name not in there:
                continue
            if not _is_same(here.get(name), there.get(name), has_both=bool(here and there)):
                problems.append(f"row “{row}”, {name}: {here.get(name)!r}, counted {there.get(name)!r}")
    return problems


def _is_same(here: object, there: object, *, has_both: bool) -> bool:
    if not has_both:
        return not here and not there
    if here is None or there is None:
        return here is there
    assert isinstance(here, int | float)
    assert isinstance(there, int | float)
    if isinstance(here, int) and isinstance(there, int):
        return here == there
    return abs(here - there) <= 1e-4 + 1e-9 * abs(there)


def _weekly(options: Options, books: Books, engine: Engine, tables: dict[str, list[dict[str, object]]]) -> list[str]:
    whole = weekly_table(options, engine, books)
    counted = of_costs.weekly(Known(tables, asked_of(replace(options, by="channel"), books)))
    names = {"No channel": "", "Other business units": "~other_units", "Unattributed": "~unattributed"}
    found = {
        f"{one.week}/{names.get(one.channel, one.channel)}":
            {"touches": one.touches, "leads": one.leads, "revenue_minor": one.revenue_minor}
        for one in whole.lines
    }  # fmt: skip
    return ([] if whole.holds else ["weekly: does not add up"]) + compared(
        found, {"/".join(key): figures for key, figures in counted.items()}
    )
