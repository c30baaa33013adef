"""Who used a shared browser when."""

from loopline.store.schema import fact_table, moment, text

TABLE = fact_table(
    "browser_use_facts",
    "uses of a browser that named more than one person; each lasts until the next one of the same browser",
    text("identity", "the browser, such as `visitor:4f…`"),
    text("person_id", "whose it was from then on; empty: nobody's that can be told"),
    moment("since", "when it began; 1970-01-01 for the first, which holds everything before, too"),
    text("why", "alone, named; why nobody's: before, between, several, logged_out", repeats=True),
)
