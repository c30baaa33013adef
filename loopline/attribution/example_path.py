"""How an own model deals one example sale: a path that everyone can follow, before anything is saved."""

from dataclasses import dataclass

import duckdb

from loopline.attribution.own_model import Plan
from loopline.lib.money import deal_out

AMOUNT_MINOR = 10_000_00


@dataclass(frozen=True, slots=True)
class Step:
    what: str
    channel: str
    kind: str
    days_before: int
    credit_minor: int = 0


PATH = (
    Step("First visit", "Paid Search", "entry", 60),
    Step("Came back", "Organic Search", "entry", 45),
    Step("Sent a form: lead created", "Direct", "form", 40),
    Step("Clicked in a mail", "Email", "email_click", 25),
    Step("Met: opportunity created", "Sales", "meeting", 20),
    Step("Last call", "Sales", "call", 3),
)
_LEAD, _OPPORTUNITY = 3, 5
_COLUMNS = (
    "conversion_no, position, touches, days_before, last_days_before, lead_position, opportunity_position, touch_kind"
)


def example(plan: Plan) -> list[Step]:
    """The path with what each touchpoint would get of AMOUNT_MINOR, by the same SQL as the ledger's."""
    lines = ", ".join(
        f"(1, {position}, {len(PATH)}, {step.days_before}e0, {PATH[-1].days_before}e0, {_LEAD}, {_OPPORTUNITY}, "
        f"'{step.kind}')"
        for position, step in enumerate(PATH, start=1)
    )
    with duckdb.connect() as memory:
        found = memory.sql(
            f"SELECT CAST({plan.weight_sql} AS DOUBLE) AS weight FROM (VALUES {lines}) AS paths({_COLUMNS}) "
            "ORDER BY position"
        ).fetchall()
    dealt = deal_out(AMOUNT_MINOR, [float(row[0]) for row in found])
    return [
        Step(step.what, step.channel, step.kind, step.days_before, credit)
        for step, credit in zip(PATH, dealt, strict=True)
    ]
