"""Versions of the organisation's own attribution models."""

from loopline.store.schema import fact_table, integer, text

TABLE = fact_table(
    "attribution_model_facts",
    "versions of an attribution model of the organisation's own making; `id` is its key, such as `custom_b2b`",
    text("name", ""),
    integer("number", "1, 2, 3, … of its versions"),
    text("plan", "its weights, JSON: shares of milestones, kinds of touchpoints, half-life"),
    text("sentence", "its weights in English"),
)
