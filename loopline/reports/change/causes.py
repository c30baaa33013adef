"""Why a figure can change between two moments: the kinds of facts that may arrive in between, in a fixed order.

The difference between two states of the books is split by letting one kind of fact after the other come to its later
state. Each step's difference is that cause's share, so the shares add up to the whole difference exactly. Where two
causes only work together, the share falls to the later one in this order. Every table of the event store is some
cause's, so that whatever a report reads is told.
"""

from collections.abc import Collection
from dataclasses import dataclass

from loopline.store.touches import TOUCHES


@dataclass(frozen=True, slots=True)
class Cause:
    key: str
    label: str
    explanation: str
    table: str = ""
    """The facts that arrive; "" where nothing arrives."""
    shown: tuple[str, ...] = ()
    """Columns told before and after, where a fact is listed."""
    has_unit: bool = True
    """Facts carry the business unit they belong to; others are listed for those who see all units."""
    which: str = ""
    """SQL over the columns of the table: of these rows only."""
    narrow: str = ""
    """The narrow copy of these facts that questions may read instead."""
    is_refund: bool | None = None
    """Of opportunities: those whose refunds changed, those whose refunds did not, or (None) no opportunities."""

    def is_read(self, tables: Collection[str]) -> bool:
        """Questions that read these tables read facts of this cause."""
        return self.table in tables or (bool(self.narrow) and self.narrow in tables)


CAUSES = (
    Cause(
        "touchpoints", "Late touchpoints", "visits, forms, clicks and talks that became known afterwards",
        "events", ("channel", "utm_campaign", "landing_path"), which="touch_kind <> ''", narrow=TOUCHES,
    ),
    Cause(
        "events", "Other late events", "page views and other events that became known afterwards",
        "events", ("kind", "name", "url_path"), which="touch_kind = ''",
    ),
    Cause(
        "identities", "Identity", "browsers and addresses that were linked to a person, or taken from one",
        "identity_facts", ("person_id",), has_unit=False,
    ),
    Cause(
        "browsers", "Shared browsers", "stretches of a browser that were told to be somebody's, or nobody's",
        "browser_use_facts", ("person_id",), has_unit=False,
    ),
    Cause(
        "people", "People", "people who became known, turned out to be one, or were taken apart or removed",
        "person_facts", ("canonical_id",),
    ),
    Cause(
        "companies", "Companies", "companies of which industry or size became known, or changed",
        "company_facts", ("name", "industry", "employees"),
    ),
    Cause(
        "consents", "Consent", "what people agreed to, or took back",
        "consent_facts", ("purpose", "is_granted"), has_unit=False,
    ),
    Cause(
        "verdicts", "Human or machine", "visitors that were judged again",
        "bot_verdict_facts", ("verdict",), has_unit=False,
    ),
    Cause(
        "channels", "Channels judged again", "visits that count as another channel since the rules changed",
        "channel_facts", ("channel",), has_unit=False,
    ),
    Cause(
        "codes", "Code mappings", "codes that were given to a campaign or an activity, or to another one",
        "campaign_code_facts", ("code", "campaign_id", "activity_id"),
    ),
    Cause(
        "campaigns", "Campaigns", "campaigns that changed their channel or who is responsible, or went",
        "campaign_facts", ("name", "channel", "owner_id"),
    ),
    Cause(
        "activities", "Activities", "activities that were added, changed or removed",
        "activity_facts", ("campaign_id", "name", "activity_kind"),
    ),
    Cause(
        "definitions", "Lead definition", "versions of the lead definition that came into force or were replaced",
        "definition_facts", ("status", "sentence"),
    ),
    Cause(
        "leads", "Leads", "leads that were created, changed or removed",
        "lead_facts", ("state", "created_at"),
    ),
    Cause(
        "clocks", "Clocks of the hand-off", "promises of marketing and sales that were kept, or ran out",
        "clock_facts", ("lead_id", "kind", "started_at", "due_at"),
    ),
    Cause(
        "contacts", "Contacts of opportunities", "people who were added to an opportunity, or taken off it",
        "opportunity_contact_facts", ("opportunity_id", "person_id"), has_unit=False,
    ),
    Cause(
        "refunds", "Refunds", "opportunities of which money went back",
        "opportunity_facts", ("reporting_minor", "refunded_minor"), is_refund=True,
    ),
    Cause(
        "opportunities", "Opportunities", "opportunities that were created, won, lost or corrected",
        "opportunity_facts", ("outcome", "reporting_minor", "closed_at"), is_refund=False,
    ),
    Cause(
        "models", "Attribution models", "models of the organisation's own that were changed or removed",
        "attribution_model_facts", ("name", "sentence"), has_unit=False,
    ),
    Cause(
        "experiments", "Experiments", "experiments that were planned, started or ended",
        "experiment_facts", ("name", "state"),
    ),
    Cause(
        "assignments", "Arms of experiments", "people, browsers and companies that were assigned to an arm",
        "experiment_assignment_facts", ("arm",),
    ),
    Cause(
        "costs", "Costs", "cost lines that were booked, corrected or removed",
        "cost_facts",
        ("campaign_id", "cost_kind", "reporting_minor", "starts_on", "ends_on", "platform", "claimed_micro"),
    ),
    Cause("time", "Time that passed", "what grew older: nothing arrived, but more of it has had long enough"),
)  # fmt: skip
OUTSIDE = Cause(
    "outside", "Not in the facts",
    "people who were erased since, a setting such as the time zone, or an update of Loopline",
)  # fmt: skip
"""What a frozen run and the books of its moment do not have in common. No fact says it, so it is told apart."""


def cause_named(key: str) -> Cause | None:
    return next((cause for cause in (*CAUSES, OUTSIDE) if cause.key == key), None)
