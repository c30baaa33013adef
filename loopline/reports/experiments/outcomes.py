"""What an experiment can be about: the outcomes of those who were assigned, in the order of the funnel."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outcome:
    key: str
    label: str
    """Of many, in lower case: it stands in sentences."""
    formula: str
    is_money: bool = False


_ONE_EACH = "those assigned of whom at least one {}, after they were assigned and before the experiment was concluded"
OUTCOMES = {
    one.key: one
    for one in (
        Outcome("lead", "leads", _ONE_EACH.format("lead was created")),
        Outcome("qualified", "qualified leads", _ONE_EACH.format("lead qualified")),
        Outcome("opportunity", "opportunities", _ONE_EACH.format("opportunity was created")),
        Outcome("won", "won opportunities", _ONE_EACH.format("opportunity was won")),
        Outcome(
            "revenue",
            "revenue",
            "revenue of opportunities of leads created and won in the same time, less refunds, in the reporting "
            "currency",
            is_money=True,
        ),
    )
}
COUNTED = tuple(one for one in OUTCOMES.values() if not one.is_money)
