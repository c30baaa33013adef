"""The fields a file can fill: what each is, and how its text is read. One table, read by the mapping, the page that
explains it and the documentation.
"""

from dataclasses import dataclass
from enum import StrEnum


class FileKind(StrEnum):
    LEADS = "leads"
    DEALS = "deals"
    ADS = "ads"


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    reads: str
    """Key of the reader in `readers`."""
    meaning: str
    limit: int = 200
    is_required: bool = False
    """A row without it is refused."""
    hints: tuple[str, ...] = ()
    """Column names that suggest it, in lower case."""


_IDS = (
    Field("person_id", "text", "id of the person in the other system; the same id again is the same person",
          hints=("person id", "person_id", "contact id", "contact_id")),
    Field("company_id", "text", "id of the company in the other system; the same id again is the same company",
          hints=("company id", "company_id", "account id", "account_id", "organisation id")),
)  # fmt: skip

LEAD_FIELDS = (
    Field("external_id", "text", "id of the lead in the other system; the same id again is the same lead",
          is_required=True, hints=("id", "lead id", "lead_id", "mql_id", "prospect id", "external_id")),
    Field("email", "email", "e-mail address; may be missing", hints=("email", "e-mail", "mail", "email address")),
    Field("name", "text", "name of the person", hints=("name", "full name", "contact", "contact name")),
    Field("job_title", "text", "", hints=("title", "job title", "position")),
    Field("company", "text", "name of the company", hints=("company", "organisation", "organization", "account")),
    *_IDS,
    Field("phone", "text", "", 50, hints=("phone", "telephone", "mobile")),
    Field("country", "country", "two letters, ISO 3166", hints=("country", "country code")),
    Field("language", "text", "such as en or pt-BR", 10, hints=("language", "locale")),
    Field("first_contact", "moment", "when the person was first in contact; the touchpoint gets this time",
          is_required=True, hints=("first_contact_date", "first contact", "created", "created at", "date")),
    Field("source", "tag", "where the lead came from, as the file says it: the report by source shows it unchanged",
          hints=("source", "lead source", "origin", "utm_source")),
    Field("medium", "tag", "utm_medium", hints=("medium", "utm_medium")),
    Field("campaign", "tag", "campaign code", hints=("campaign", "campaign code", "utm_campaign")),
    Field("channel", "channel", "channel group; without it, the channel rules decide from source and medium",
          hints=("channel",)),
    Field("landing_path", "path", "page on which the person arrived", 300,
          hints=("landing page", "landing_page", "landing_page_id", "landing path")),
    Field("message", "lines", "what the person wrote", 5_000, hints=("message", "comment", "notes")),
    Field("state", "state", "new or marketing_qualified", hints=("state", "status")),
)  # fmt: skip

DEAL_FIELDS = (
    Field("external_id", "text", "id of the deal; without it, the lead's id is used",
          hints=("deal id", "deal_id", "opportunity id", "id")),
    Field("lead", "text", "external id of the lead that became this deal",
          hints=("lead id", "lead_id", "mql_id", "external_id")),
    Field("name", "text", "name of the deal", hints=("deal", "deal name", "opportunity", "name")),
    Field("amount", "amount", "a decimal number; 0 is a sale of nothing, empty is unknown",
          hints=("amount", "value", "revenue", "price", "total")),
    Field("currency", "currency", "three letters, ISO 4217", hints=("currency",)),
    Field("outcome", "outcome", "won, lost or open; without it, won_at and lost_at decide", hints=("outcome",)),
    Field("created_at", "moment", "when it was opened; without it, when it was closed", hints=("created",)),
    Field("won_at", "moment", "when it was won", hints=("won_date", "won at", "won", "close date", "closed at")),
    Field("lost_at", "moment", "when it was lost", hints=("lost_date", "lost at", "lost")),
    Field("loss_reason", "loss_reason", "competitor, no_decision, price, timing, missing_feature or other",
          hints=("loss reason", "lost reason")),
    Field("expected_close_on", "day", "", hints=("expected close", "expected close date")),
    Field("owner", "owner", "e-mail address of the Loopline user who has it", hints=("owner", "owner email")),
    Field("email", "email", "the buyer, where no lead is given or known", hints=("email", "contact email")),
    Field("company", "text", "name of the company", hints=("company", "account")),
    *_IDS,
    Field("campaign", "tag", "code of the primary campaign", hints=("campaign", "campaign code")),
)  # fmt: skip

AD_FIELDS = (
    Field("day", "day", "the day that the platform reports", is_required=True,
          hints=("day", "date", "reporting starts")),
    Field("platform", "tag", "the ad platform, as utm_source names it, such as google", 40, is_required=True,
          hints=("platform", "source", "utm_source", "network")),
    Field("campaign", "tag", "campaign code, as utm_campaign says it", is_required=True,
          hints=("campaign code", "utm_campaign", "campaign")),
    Field("cost", "amount", "what it cost that day; 0 is a day without cost", is_required=True,
          hints=("cost", "spend", "amount spent", "total spent")),
    Field("currency", "currency", "three letters, ISO 4217", hints=("currency", "currency code")),
    Field("conversions", "amount", "conversions that the platform claims for itself; shown, never summed",
          hints=("conversions", "results", "all conv.")),
    Field("conversion_value", "amount", "the value that it claims for them; shown, never summed",
          hints=("conversion value", "conv. value", "conversions value", "purchase value")),
)  # fmt: skip

FIELDS: dict[FileKind, dict[str, Field]] = {
    FileKind.LEADS: {field.name: field for field in LEAD_FIELDS},
    FileKind.DEALS: {field.name: field for field in DEAL_FIELDS},
    FileKind.ADS: {field.name: field for field in AD_FIELDS},
}
