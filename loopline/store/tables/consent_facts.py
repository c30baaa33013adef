"""What people agreed to."""

from loopline.store.schema import fact_table, flag, text

TABLE = fact_table(
    "consent_facts",
    "consent of a person for a purpose; `id` is `<person id>/<purpose>`",
    text("person_id", ""),
    text("purpose", "email, phone, tracking, …", repeats=True),
    flag("is_granted", ""),
    text("evidence", "form submission, import, preference page", repeats=True),
)
