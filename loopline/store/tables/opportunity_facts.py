"""Versions of opportunities."""

from loopline.store.schema import day, fact_table, integer, moment, text

TABLE = fact_table(
    "opportunity_facts",
    "versions of an opportunity",
    text("unit_id", "", repeats=True),
    text("lead_id", "lead that was converted into it, or empty"),
    text("company_id", ""),
    text("owner_id", "", repeats=True),
    text("stage", "", repeats=True),
    text("outcome", "open, won, lost", repeats=True),
    text("loss_reason", "", repeats=True),
    text("primary_campaign_id", ""),
    integer("amount_minor", "amount in `currency`", nullable=True),
    integer("refunded_minor", "sum of refunds, in `currency`"),
    text("currency", "ISO 4217", repeats=True),
    integer("reporting_minor", "amount less refunds, in the reporting currency at the rate of the closing date; "
            "NULL when there is no amount or no rate", nullable=True),
    day("expected_close_on", "", nullable=True),
    moment("created_at", ""),
    moment("closed_at", "when it was won or lost", nullable=True),
)  # fmt: skip
