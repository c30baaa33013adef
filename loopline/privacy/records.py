"""Taking a person out of the records, all in one transaction.

What stays is a record without a name and what it counts for: leads, their states and history, opportunities, amounts,
costs and the number of submissions and talks. Colleagues' texts lose the mentions of the person (`privacy.scrubbing`).
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Q

from loopline.access.actor import Actor
from loopline.access.audit import empty_details
from loopline.access.models import AuditEntry
from loopline.campaigns.models import Submission
from loopline.experiments.models import Assignment as Arm
from loopline.huddles.models import HomeworkAnswer, HuddleLead
from loopline.leads.changes import Move, lock, move
from loopline.leads.clocks import stop
from loopline.leads.hand_off_models import Assignment, ClockPause, Dispute
from loopline.leads.models import RUNNING, Lead, LeadTransition
from loopline.people.models import Consent, Person
from loopline.pipeline.models import Interaction, Task
from loopline.privacy.identities import wipe_identities
from loopline.privacy.imported import wipe_imported
from loopline.privacy.mentions import GONE, Mentions
from loopline.privacy.outbox import wipe_outbox
from loopline.privacy.scrubbing import mentions_of, naming, scrub_everywhere, scrub_their_own
from loopline.privacy.traces import Traces

Counts = dict[str, int]


def wipe_records(traces: Traces, *, by: Actor, at: datetime) -> Counts:
    """Inside a transaction that has its turn. How much of what went, and stayed without a name."""
    everywhere, own = mentions_of(traces)
    traces.origins = _origins(traces, own)
    people = Person.objects.filter(pk__in=traces.people)
    counts = {
        "identities": sum(not one.startswith("person:") for one in traces.own),
        "consents": Consent.objects.filter(person__in=people).delete()[0],
        "submissions": _wipe_submissions(traces),
        "talks": Interaction.objects.filter(person__in=people).update(summary=""),
        "tasks": Task.objects.filter(person__in=people).update(title=GONE, person=None),
        "leads": len(traces.lead_ids),
        "opportunities": len(traces.opportunity_ids),
    }
    # What was not told to the collector yet is not told any more.
    Interaction.objects.filter(person__in=people, reported_at__isnull=True).update(reported_at=at)
    scrub_their_own(traces, own)  # before the texts it goes by are gone
    _wipe_leads(traces, own, by, at)
    counts["texts"] = scrub_everywhere(everywhere)
    wipe_identities(traces, at)
    Arm.objects.filter(subject__in=[f"visitor:{one}" for one in traces.visitors]).delete()
    wipe_imported(traces, everywhere, own)
    people.update(
        email=None, name="", job_title="", phone="", country="", language="", custom={}, company=None, erased_at=at
    )
    wipe_outbox(traces)
    _empty_audit(traces, everywhere, by)
    return counts


def _origins(traces: Traces, own: Mentions) -> dict[str, str]:
    leads = Lead.objects.filter(pk__in=traces.leads).values_list("pk", "origin")
    return {str(pk): new for pk, origin in leads if (new := own.without(origin)) != origin}


def _wipe_submissions(traces: Traces) -> int:
    sent = Q(person__in=traces.people) | Q(visitor_id__in=[one for one in traces.visitors if one])
    for email in traces.emails:
        sent |= Q(data__email__iexact=email)
    return Submission.objects.filter(sent).update(
        visitor_id="", event_id="", data={}, landing={}, network="", dedup_key=None, verdict_reason="",
    )  # fmt: skip


def _wipe_leads(traces: Traces, own: Mentions, by: Actor, at: datetime) -> None:
    for lead in Lead.objects.filter(pk__in=traces.leads):
        lock(lead)
        lead.origin = traces.origins.get(str(lead.pk), lead.origin)
        lead.message = lead.reason_note = lead.help_note = ""
        lead.custom, lead.return_on, lead.returns_when = {}, None, ""
        lead.reason_detail = {key: one for key, one in lead.reason_detail.items() if key != "duplicate_of"}
        lead.evidence, lead.scores = _without_reasons(lead.evidence), _without_reasons(lead.scores)
        lead.save()
        _end(lead, by, at)
    LeadTransition.objects.filter(lead__in=traces.leads).exclude(note="").update(note=GONE)
    Dispute.objects.filter(lead__in=traces.leads).update(because=GONE, resolution_note="")
    ClockPause.objects.filter(clock__lead__in=traces.leads).update(reason=GONE)
    HomeworkAnswer.objects.filter(lead__in=traces.leads).update(line="")
    for one in Assignment.objects.filter(lead__in=traces.leads).exclude(passed=[]):
        one.passed = [{**step, "why": GONE} for step in one.passed]
        one.save(update_fields=["passed"])
    for entry in HuddleLead.objects.filter(lead__in=traces.leads):
        entry.frozen, entry.sales_note, entry.marketing_note = own.without(_frozen(entry.frozen)), "", ""
        entry.save(update_fields=["frozen", "sales_note", "marketing_note"])


def _end(lead: Lead, by: Actor, at: datetime) -> None:
    """Nobody can work a lead that nobody can be reached for: it ends today, and every past day stays as it was."""
    Dispute.objects.filter(lead=lead, resolved_at__isnull=True).update(
        resolution=Dispute.Resolution.UPHELD, resolved_by_name=by.name, resolved_at=at
    )
    if lead.state in {*RUNNING, Lead.State.REJECTED}:
        move(lead, Move(Lead.State.DISQUALIFIED, "disqualify_lead", by, at, note="The person was erased."))
    for clock in lead.clocks.running():
        stop(clock, max(at, clock.started_at))


def _without_reasons(said: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**one, "reason": GONE} if one.get("reason") else one for one in said]


_PERSONAL = ("person", "job_title", "company", "message", "reason_note", "help_note")


def _frozen(frozen: dict[str, Any]) -> dict[str, Any]:
    new = {**frozen, **{key: GONE if key == "person" else "" for key in _PERSONAL if key in frozen}}
    if "evidence" in new:
        new["evidence"] = _without_reasons(new["evidence"])
    if new.get("homework"):
        new["homework"] = {**new["homework"], "line": ""}
    return new


def _empty_audit(traces: Traces, everywhere: Mentions, by: Actor) -> None:
    """Details of entries about them, and of others' that name them."""
    ids = [*traces.person_ids, *traces.lead_ids, *traces.other_ids]
    about = AuditEntry.objects.filter(object_id__in=ids).exclude(detail={})
    named = naming(AuditEntry, ("detail",), everywhere).values("seq")
    person = Person.objects.get(pk=traces.people[0])
    empty_details(AuditEntry.objects.filter(Q(seq__in=about.values("seq")) | Q(seq__in=named)), by, person)
