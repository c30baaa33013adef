"""Versions of experiments."""

from loopline.store.schema import fact_table, integer, moment, text

TABLE = fact_table(
    "experiment_facts",
    "versions of an experiment: a campaign that is kept from a random part of those it is for",
    text("unit_id", "", repeats=True),
    text("campaign_id", ""),
    text("code", "what sites and mailing tools call it"),
    text("name", ""),
    text("state", "draft, running, stopped, concluded", repeats=True),
    text("subject_kind", "what is assigned: person, visitor, company", repeats=True),
    text("outcome", "what it is decided by: lead, qualified, opportunity, won, revenue", repeats=True),
    integer("holdout_per_mille", "chance in 1,000 to be held out"),
    moment("started_at", "", nullable=True),
    moment("ends_at", "when it is planned to end, then when it was concluded", nullable=True),
)
