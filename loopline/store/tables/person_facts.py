"""Versions of people."""

from loopline.store.schema import fact_table, text

TABLE = fact_table(
    "person_facts",
    "versions of a person; no names or addresses here, those stay in the records",
    text("unit_id", "business unit that first knew the person", repeats=True),
    text("canonical_id", "the person this one was merged into, else its own id; never a chain"),
    text("company_id", "company, or empty"),
    text("country", "ISO 3166-1 alpha-2", repeats=True),
    text("job_title", "as the person or a colleague wrote it", repeats=True),
    text("language", "as the person or a colleague wrote it: `de`, `German`", repeats=True),
    text("erased", "yes once the person was erased everywhere, else empty", repeats=True),
    text("custom", "fields of the organisation's own making, JSON; empty when there are none"),
)
