"""The closed loop, counted a second time."""

from collections import defaultdict
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from tests.second_count.books import Asked, Known
from tests.second_count.credit import MICRO, Dealt, Ledger

Figures = dict[str, Any]
Table = dict[str, Figures]
TOTAL = "~total"
CREDITED = {"lead": "leads", "qualified": "qualified", "opportunity": "opportunities", "won": "won",
            "revenue": "revenue_minor"}  # fmt: skip


def closed_loop(known: Known, *kinds: str) -> Table:
    """Row → its figures, and those of all together; rows of which nothing is said are not in it."""
    asked, ledger = known.asked, Ledger(known)
    rows: dict[str, Figures] = defaultdict(lambda: defaultdict(lambda: 0))
    for kind in kinds or ("lead", "opportunity", "won", "revenue"):
        for one in ledger.dealt(kind, asked.by):
            if counts(one, asked):
                _add(rows[one.row], one, asked)
                if asked.model != "influenced":
                    _add(rows[TOTAL], one, asked)
        if asked.model == "influenced":
            for one in _each_once(ledger.dealt(kind, asked.by), asked):
                _add(rows[TOTAL], one, asked)
    _visits(rows, known)
    costs = _costs(known)
    for row, cost in costs.items():
        rows[row]["cost_minor"] = cost
    return {row: _told(figures, row, row in costs) for row, figures in rows.items()}


def counts(one: Dealt, asked: Asked) -> bool:
    """On the cohort clock credit of touchpoints of the period; what nothing earned belongs to no cohort."""
    if asked.clock == "period":
        return True
    return one.at is not None and asked.has(one.at)


def _each_once(dealt: list[Dealt], asked: Asked) -> list[Dealt]:
    return list({one.conversion.record["id"]: one for one in dealt if counts(one, asked)}.values())


def _add(figures: Figures, one: Dealt, asked: Asked) -> None:
    figures[CREDITED[one.conversion.kind]] += one.amount
    if one.conversion.kind == "revenue":
        figures["contribution"] += one.amount * asked.margins.get(one.conversion.record["unit_id"], 100)
    if one.conversion.kind == "lead" and one.conversion.is_converted:
        figures["converted"] += one.amount


def _visits(rows: dict[str, Figures], known: Known) -> None:
    """Sessions and known people of the touchpoints of the period, humans only; what people say is no touchpoint."""
    asked, people = known.asked, defaultdict(set)
    for touch in known.touches:
        if touch.is_machine or not asked.has(touch.at) or not asked.sees(touch.event["unit_id"]):
            continue
        row = known.row_of(touch, asked.by)
        for key in (row, TOTAL):
            rows[key]["sessions"] += bool(touch.event["is_entry"])
            if touch.person and touch.event["touch_kind"] != "self_reported":
                people[key].add(touch.person)
    for key, found in people.items():
        rows[key]["people"] = len(found)


def cost_rows(known: Known, by: str) -> Mapping[str, int | None]:
    """Actual cost of the period by row; "" where a line belongs to none, None where no line of the row has a rate."""
    found: dict[str, int | None] = {}
    for line, spent in known.cost_lines("actual"):
        campaign = line["campaign_id"]
        row = {
            "campaign": campaign, "activity": line["activity_id"] or campaign, "business_unit": line["unit_id"],
            "channel": known.campaign(campaign, "channel"), "responsible": known.campaign(campaign, "owner_id"),
        }.get(by, "")  # fmt: skip
        before = found.get(row)
        found[row] = before if spent is None else (before or 0) + spent
    return found


def _costs(known: Known) -> Mapping[str, int | None]:
    by_row = cost_rows(known, known.asked.by)
    costs = {row or "~unattributed": cost for row, cost in by_row.items()}
    spent = [cost for cost in by_row.values() if cost is not None]
    return costs | {TOTAL: sum(spent) if spent else None}


def _told(figures: Figures, row: str, has_cost: bool) -> Figures:
    cost = figures["cost_minor"] if has_cost else None
    told: Figures = {key: count_of(figures[key]) for key in ("leads", "qualified", "converted", "opportunities", "won")}
    told |= {"revenue_minor": figures["revenue_minor"], "cost_minor": cost}
    told |= {key: None if row == "~unattributed" else figures[key] for key in ("sessions", "people")}
    spent = None if row == "~unattributed" else cost
    for key, count in (("lead", "leads"), ("qualified", "qualified"), ("opportunity", "opportunities"), ("won", "won")):
        told[f"cost_per_{key}_minor"] = (
            None if spent is None or spent < 0 or not figures[count] else round(Fraction(spent * MICRO, figures[count]))
        )
    told["romi"] = None if not spent or spent < 0 else 100 * (figures["contribution"] / 100 - spent) / spent
    return told


def count_of(micro: int) -> float:
    return micro / MICRO
