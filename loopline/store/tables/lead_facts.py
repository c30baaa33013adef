"""Versions of leads."""

from loopline.store.schema import fact_table, integer, moment, text

TABLE = fact_table(
    "lead_facts",
    "versions of a lead: one qualification episode of one person for one business unit",
    text("unit_id", "", repeats=True),
    text("person_id", ""),
    text("state", "new, marketing_qualified, handed_over, accepted, rejected, recycled, disqualified, converted",
         repeats=True),
    text("owner_id", "user who has it, or empty", repeats=True),
    text("reason", "code of the last rejection, recycling or disqualification", repeats=True),
    text("origin", "what made it a lead, in words"),
    text("custom", "fields of the organisation's own making, JSON; empty when there are none"),
    text("definition_id", "version of the lead definition it was judged by", repeats=True),
    moment("created_at", "when the lead was created"),
    moment("qualified_at", "", nullable=True),
    moment("handed_over_at", "", nullable=True),
    moment("accepted_at", "", nullable=True),
    moment("rejected_at", "", nullable=True),
    moment("converted_at", "", nullable=True),
    integer("explored_per_mille", "went to sales below the definition by this chance in 1,000; empty = not so",
            nullable=True),
)  # fmt: skip
