"""Which person an identity belongs to."""

from loopline.store.schema import fact_table, text

TABLE = fact_table(
    "identity_facts",
    "identity → person; `id` is the identity itself, such as `visitor:4f…` or `email:ines@halden.no`",
    text("person_id", "the person; empty when the link was withdrawn"),
    text(
        "evidence",
        "why: form, identify, alias, import, manual, self, typed; why not: shared, hub, blocked, lifted",
        repeats=True,
    ),
)
