"""Versions of companies."""

from loopline.store.schema import fact_table, integer, text

TABLE = fact_table(
    "company_facts",
    "versions of a company",
    text("unit_id", "", repeats=True),
    text("name", ""),
    text("domain", ""),
    text("industry", "", repeats=True),
    integer("employees", "number of people", nullable=True),
    text("country", "", repeats=True),
    text("custom", "fields of the organisation's own making, JSON; empty when there are none"),
)
