"""Why a figure can change between two moments: the kinds of facts that may arrive in between, in a fixed order.

The difference between two states of the books is split by letting one kind of fact after the other come to its later
state. Each step's difference is that cause's share, so the shares add up to the whole difference exactly. Where two
causes only work together, the share falls to the later one in this order.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cause:
    key: str
    label: str
    explanation: str
    table: str
    """The facts that arrive."""
    parts: tuple[str, ...]
    """Names of the parts of `attribution` that read them."""
    shown: tuple[str, ...] = ()
    """Columns told before and after, where a fact is listed."""
    has_unit: bool = True
    """Facts carry the business unit they belong to; others are listed for those who see all units."""
    which: str = ""
    """SQL over the columns of the table: of these rows only."""
    is_refund: bool | None = None
    """Of opportunities: those whose refunds changed, those whose refunds did not, or (None) no opportunities."""


CAUSES = (
    Cause(
        "touchpoints", "Late touchpoints", "visits, forms, clicks and talks that became known afterwards",
        "events", ("touchpoints", "their_touchpoints"), ("channel", "utm_campaign", "landing_path"),
        which="touch_kind <> ''",
    ),
    Cause(
        "identities", "Identity", "browsers and addresses that were linked to a person, or taken from one",
        "identity_facts", ("identity_state",), ("person_id",), has_unit=False,
    ),
    Cause(
        "browsers", "Shared browsers", "stretches of a browser that were told to be somebody's, or nobody's",
        "browser_use_facts", ("browser_uses",), ("person_id",), has_unit=False,
    ),
    Cause(
        "people", "Merged and removed people", "people who turned out to be one, or were taken apart or removed",
        "person_facts", ("merged_state", "gone_people", "employed_people", "employers"), ("canonical_id",),
    ),
    Cause(
        "companies", "Companies", "companies of which industry or size became known, or changed",
        "company_facts", ("buying_companies",), ("name", "industry", "employees"),
    ),
    Cause(
        "verdicts", "Human or machine", "visitors that were judged again",
        "bot_verdict_facts", ("verdict_state",), ("verdict",), has_unit=False,
    ),
    Cause(
        "channels", "Channels judged again", "visits that count as another channel since the rules changed",
        "channel_facts", ("channel_state",), ("channel",), has_unit=False,
    ),
    Cause(
        "codes", "Code mappings", "codes that were given to a campaign or an activity, or to another one",
        "campaign_code_facts", ("code_state",), ("code", "campaign_id", "activity_id"),
    ),
    Cause(
        "campaigns", "Campaigns", "campaigns that changed their channel or who is responsible, or went",
        "campaign_facts", ("campaign_state",), ("name", "channel", "owner_id"),
    ),
    Cause(
        "leads", "Leads", "leads that were created, changed or removed",
        "lead_facts", ("lead_state",), ("state", "created_at"),
    ),
    Cause(
        "contacts", "Contacts of opportunities", "people who were added to an opportunity, or taken off it",
        "opportunity_contact_facts", ("contact_state",), ("opportunity_id", "person_id"), has_unit=False,
    ),
    Cause(
        "refunds", "Refunds", "opportunities of which money went back",
        "opportunity_facts", ("opportunity_state",), ("reporting_minor", "refunded_minor"), is_refund=True,
    ),
    Cause(
        "opportunities", "Opportunities", "opportunities that were created, won, lost or corrected",
        "opportunity_facts", ("opportunity_state",), ("outcome", "reporting_minor", "closed_at"), is_refund=False,
    ),
    Cause(
        "models", "Attribution models", "models of the organisation's own that were changed or removed",
        "attribution_model_facts", ("own_models",), ("name", "sentence"), has_unit=False,
    ),
    Cause(
        "costs", "Costs", "cost lines that were booked, corrected or removed",
        "cost_facts", ("cost_state",), ("cost_kind", "reporting_minor", "starts_on", "ends_on"),
    ),
)  # fmt: skip

_REFUNDED_MOMENT = "(CASE WHEN id IN (SELECT unnest($refunded)) THEN $as_of_refunds ELSE $as_of_opportunities END)"

MOMENTS: dict[str, str] = {
    part: f"$as_of_{cause.key}" for cause in CAUSES if cause.is_refund is None for part in cause.parts
} | dict.fromkeys(("opportunity_state", "primary_state", "buyers"), _REFUNDED_MOMENT)
"""For `attribution.state.question`: the moment of each part. Its parameters are `$as_of_<cause>` and `$refunded`."""
