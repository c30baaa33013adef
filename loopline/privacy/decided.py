"""What is decided about every text and every JSON in the records and in the event store.

`goes`: emptied or removed where it is the person's (`privacy.records`, `privacy.in_store`). `scrubbed`: colleagues
write freely there, so mentions of the person are replaced in all rows. `stays`: holds nothing about buyers, or nothing
that names or describes one. A column for which nobody decided fails `tests/privacy/test_decided.py`.
"""

from typing import NamedTuple

_RECORDS = """
auth.Permission stays name codename
auth.Group stays name
contenttypes.ContentType stays app_label model
sessions.Session stays session_key session_data
account.EmailAddress stays email
account.EmailConfirmation stays key
mfa.Authenticator stays type data
access.Organisation stays name time_zone reporting_currency own_hosts topics
access.ExchangeRate stays currency
access.OwnModelVersion stays key name plan sentence saved_by
access.BusinessUnit stays key name currency
access.User stays password email name role
access.OneTimeLink stays digest purpose
access.AccessToken stays name digest hint scopes
access.AuditEntry stays actor_id actor_name verb object_type object_id detail_hash previous_hash hash
access.AuditEntry goes detail salt
access.Mail stays key
access.Mail goes subject text html
access.Mail stays attachments trouble
facts.OutboxRow stays table
facts.OutboxRow goes row_id row
reporting.FrozenRun stays report title options told digest frozen_by_name
reporting.FrozenRun scrubbed note
reporting.SavedView stays name report options
reporting.ReportMail stays name report options cadence trouble
routing.Team stays name
routing.WorkingTime stays time_zone week holidays_of
routing.Absence stays note
routing.DayOff stays name
routing.RoutingRule stays name rules target
people.Company stays name domain industry country city custom
people.CompanyKey stays key evidence
people.Person goes email name job_title phone country language custom
people.IdentityLink goes identity
people.IdentityLink stays evidence
people.IdentityClaim goes identity same_as
people.IdentityClaim stays evidence
people.BrowserLogout goes identity
people.BrowserUse goes identity
people.BrowserUse stays why
people.BlockedIdentity goes identity
people.BlockedIdentity stays by_name
people.NotTheSame stays by_name
people.IdentityConflict goes identity
people.IdentityConflict stays evidence
people.Merge goes detail
people.Merge stays by_name undone_by_name
people.Consent goes purpose text evidence
people.ReactorRefusal goes event_id reason signal
people.ReactorRefusal stays reactor kind
people.ReactorCursor stays name
campaigns.Campaign stays name channel status currency
campaigns.Campaign scrubbed objective
campaigns.Activity stays name kind
campaigns.CampaignCode stays code
campaigns.CostLine stays kind category currency platform
campaigns.CostLine scrubbed note
campaigns.TrackedLink stays url short_code
campaigns.TrackedLink scrubbed note
campaigns.Form stays slug title introduction fields consent_text thanks_text redirect_url
campaigns.Submission goes visitor_id event_id data verdict_reason landing network dedup_key
campaigns.Submission stays consent_text verdict
leads.DefinitionVersion stays status rules sentence drafted_by_name marketing_signature sales_signature
leads.DefinitionVersion scrubbed examples because
leads.Lead stays state assigned_because reason returns_when
leads.Lead goes origin message custom evidence scores
leads.Lead scrubbed reason_note reason_detail help_note
leads.LeadTransition stays from_state to_state by_name reason
leads.LeadTransition scrubbed note
leads.FittedScore stays document digest verdict fitted_by_name
leads.HandOffTerms stays sees chat_webhook
leads.Assignment stays rule sentence because considered by_name tell_trouble
leads.Assignment goes passed
leads.ChatMessage stays key trouble
leads.ChatMessage goes text
leads.Clock stays side kind
leads.ClockPause scrubbed reason
leads.ClockPause stays by_name
leads.Dispute stays reason opened_by_name resolution resolved_by_name
leads.Dispute scrubbed because resolution_note
pipeline.Opportunity scrubbed name
pipeline.Opportunity stays stage outcome loss_reason currency
pipeline.OpportunityContact stays role
pipeline.StageChange stays from_stage to_stage reason by_name
pipeline.StageChange scrubbed note
pipeline.Refund scrubbed reason
pipeline.Refund stays by_name
pipeline.Interaction stays kind
pipeline.Interaction scrubbed summary
pipeline.Task scrubbed title
sync.ImportRun stays status file_name files mapping counts by_name undo_counts
sync.ImportRun scrubbed notices problem
sync.ImportedRecord stays object_type object_id
sync.ImportedRecord goes before
sync.ExternalId stays system object_type
sync.ExternalId goes external_id object_id digest touch
sync.WaitingEvents goes body
experiments.Experiment stays code name state subject_kind outcome salt base result
experiments.Experiment scrubbed hypothesis
experiments.Assignment goes subject
experiments.Assignment stays arm
huddles.HuddleSeries stays name scope
huddles.Huddle stays opened_by_name card closed_by_name
huddles.Huddle scrubbed snapshot tried minutes
huddles.HuddleLead scrubbed frozen sales_note marketing_note
huddles.HuddleLead stays disposition disposed_by_name
huddles.HomeworkAnswer stays answer
huddles.HomeworkAnswer scrubbed line
huddles.Decision stays guard_outcome reversal_outcome marketing_approval sales_approval outcome design power
huddles.Decision scrubbed text expected_effect guard_rail reversal
huddles.Review stays verdict bounds
privacy.Erasure stays step marks counts by_id by_name trouble
privacy.Erasure goes traces
"""

_STORE = """
activity_facts stays id unit_id campaign_id name activity_kind
attribution_model_facts stays id name plan sentence
bot_verdict_facts goes id reasons
bot_verdict_facts stays verdict rule_version
browser_use_facts goes id identity person_id
browser_use_facts stays why
campaign_code_facts stays id unit_id code campaign_id activity_id
campaign_facts stays id unit_id name channel status currency owner_id
channel_facts stays id channel_rule utm_source utm_medium utm_campaign click_id_kind referrer_host touch_kind kind
channel_facts stays channel rule
clock_facts stays id unit_id lead_id side kind owner_id
company_facts stays id unit_id name domain industry country custom
consent_facts goes id person_id purpose evidence
cost_facts stays id unit_id campaign_id activity_id cost_kind category currency platform
definition_facts stays id unit_id status rules sentence
events goes event_id source_id unit_id kind name identity visitor_id user_id session_id touch_kind channel channel_rule
events goes utm_source utm_medium utm_campaign utm_content utm_term click_id_kind referrer_host url_host url_path
events goes landing_path title page_view_id country region network_company device browser os bot_verdict source
events goes properties
experiment_assignment_facts goes id subject
experiment_assignment_facts stays experiment_id unit_id arm
experiment_facts stays id unit_id campaign_id code name state subject_kind outcome
identity_facts goes id person_id evidence
lead_facts stays id unit_id person_id state owner_id reason definition_id
lead_facts goes origin custom
opportunity_contact_facts stays id opportunity_id person_id role
opportunity_facts stays id unit_id lead_id company_id owner_id stage outcome loss_reason primary_campaign_id currency
person_facts stays id unit_id canonical_id erased
person_facts goes company_id country job_title language custom
"""


class Decided(NamedTuple):
    where: str
    """Label of a model, key of a table."""
    what: str
    """goes, scrubbed or stays."""
    columns: tuple[str, ...]


def _read(text: str) -> list[Decided]:
    lines = (line.split() for line in text.strip().splitlines())
    return [Decided(where, what, tuple(columns)) for where, what, *columns in lines]


IN_RECORDS = _read(_RECORDS)
IN_STORE = _read(_STORE)


def scrubbed_fields() -> list[tuple[str, tuple[str, ...]]]:
    """(label of a model, its columns in which mentions are replaced), all of them."""
    return [(one.where, one.columns) for one in IN_RECORDS if one.what == "scrubbed"]
