"""Which way a lead may go from which state."""

from loopline.leads.models import Lead

S = Lead.State

ALLOWED: dict[str, frozenset[str]] = {
    S.NEW: frozenset({S.MARKETING_QUALIFIED, S.RECYCLED, S.DISQUALIFIED}),
    S.MARKETING_QUALIFIED: frozenset({S.HANDED_OVER, S.RECYCLED, S.DISQUALIFIED}),
    S.HANDED_OVER: frozenset({S.HANDED_OVER, S.ACCEPTED, S.REJECTED, S.RECYCLED, S.DISQUALIFIED}),
    S.ACCEPTED: frozenset({S.HANDED_OVER, S.CONVERTED, S.REJECTED, S.RECYCLED, S.DISQUALIFIED}),
    S.REJECTED: frozenset({S.HANDED_OVER, S.RECYCLED, S.DISQUALIFIED}),
    S.RECYCLED: frozenset({S.DISQUALIFIED}),
    S.DISQUALIFIED: frozenset(),
    S.CONVERTED: frozenset(),
}

_VERBS = {
    S.MARKETING_QUALIFIED: "qualified",
    S.HANDED_OVER: "handed over",
    S.ACCEPTED: "accepted",
    S.REJECTED: "sent back",
    S.RECYCLED: "recycled",
    S.DISQUALIFIED: "disqualified",
    S.CONVERTED: "converted",
}


class LeadStateError(ValueError):
    """The lead cannot go there from where it is; the message is fit to show."""


def require_move(lead: Lead, to_state: str) -> None:
    """Raises LeadStateError unless a lead in this state may go to `to_state`."""
    if to_state not in ALLOWED[lead.state]:
        owner = f" by {lead.owner.name}" if lead.owner and lead.state in {S.ACCEPTED, S.CONVERTED} else ""
        raise LeadStateError(
            f"{lead.person.display_name} cannot be {_VERBS[S(to_state)]}: "
            f"the lead is {lead.state_label}{owner}. Nothing was changed."
        )
