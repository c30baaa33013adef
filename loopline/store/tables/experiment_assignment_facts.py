"""Who was assigned to which arm of an experiment."""

from loopline.store.schema import fact_table, moment, text

TABLE = fact_table(
    "experiment_assignment_facts",
    "assignment to an arm; `id` is `<experiment id>/<subject>`",
    text("experiment_id", "", repeats=True),
    text("unit_id", "", repeats=True),
    text("subject", "`person:<id>`, `visitor:<id>` or `company:<id>`"),
    text("arm", "treated, holdout", repeats=True),
    moment("assigned_at", "what happened before does not count"),
)
