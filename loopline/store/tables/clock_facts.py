"""Versions of clocks that ran out or were stopped."""

from loopline.store.schema import fact_table, moment, text

TABLE = fact_table(
    "clock_facts",
    "versions of a clock of the hand-off: what marketing or sales owes for a lead, written when it runs out or stops",
    text("unit_id", "", repeats=True),
    text("lead_id", ""),
    text("side", "marketing or sales", repeats=True),
    text("kind", "ripen, assign, take, answer, first_touch, evidence, rejection, dispute, return", repeats=True),
    text("owner_id", "user who owes it, or empty: the side as a whole", repeats=True),
    moment("started_at", ""),
    moment("due_at", "in the business hours of whoever owes it, pauses left out"),
    moment("breached_at", "when it ran out before it was stopped", nullable=True),
    moment("stopped_at", "when it was done or no longer owed", nullable=True),
)
