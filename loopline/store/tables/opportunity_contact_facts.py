"""Which people have a role in an opportunity."""

from loopline.store.schema import fact_table, flag, text

TABLE = fact_table(
    "opportunity_contact_facts",
    "person with a role in an opportunity; `id` is `<opportunity id>/<person id>`",
    text("opportunity_id", ""),
    text("person_id", ""),
    text("role", "decision_maker, champion, user, finance, other", repeats=True),
    flag("is_primary", "the primary contact"),
)
