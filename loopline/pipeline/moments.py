"""What the records know of some people's routes: forms, lead transitions, stages, refunds, conversations."""

from collections.abc import Collection, Iterable
from datetime import timedelta
from itertools import groupby
from uuid import UUID

from django.db.models import Q

from loopline.access.actor import SYSTEM, Actor
from loopline.campaigns.models import Submission
from loopline.leads.models import Lead, LeadTransition
from loopline.people.models import Person
from loopline.pipeline.models import Interaction, Opportunity, StageChange
from loopline.reports.visits.moments import LOST, WON, Moment

_NOTE = "Note on the lead"
_AT_ONCE = timedelta(seconds=5)
_LEAD_WORDS = {
    Lead.State.NEW: "Became a lead",
    Lead.State.MARKETING_QUALIFIED: "Marketing qualified",
    Lead.State.HANDED_OVER: "Handed over",
    Lead.State.ACCEPTED: "Accepted by sales",
    Lead.State.REJECTED: "Sent back to marketing",
    Lead.State.RECYCLED: "Back to nurture",
    Lead.State.DISQUALIFIED: "Disqualified",
    Lead.State.CONVERTED: "Converted into an opportunity",
}
_DECISIVE = {Lead.State.NEW, Lead.State.CONVERTED, Lead.State.DISQUALIFIED}


def people_and_merged(people: Collection[Person]) -> list[UUID]:
    """Ids of the people and of everyone merged into them, whose rows keep their own id."""
    ids = {person.canonical_id for person in people}
    return list(Person.objects.filter(Q(pk__in=ids) | Q(merged_into__in=ids)).values_list("pk", flat=True))


def record_moments(
    people: Collection[Person], actor: Actor, opportunities: Iterable[Opportunity] | None = None
) -> list[Moment]:
    """Moments of `people` that `actor` may see, in no order. Stages only of `opportunities`; None: of all of theirs."""
    ids = people_and_merged(people)
    if opportunities is None:
        opportunities = Opportunity.objects.visible_to(actor).filter(contacts__person__in=ids).distinct()
    return [
        *_submissions(ids, actor),
        *_lead_moments(ids, actor),
        *_stage_moments(list(opportunities)),
        *_conversations(ids, actor),
    ]


def _submissions(ids: list[UUID], actor: Actor) -> list[Moment]:
    sent = Submission.objects.filter(person__in=ids, verdict=Submission.Verdict.GENUINE).select_related("form")
    if not actor.sees_all_units:
        sent = sent.filter(form__unit__in=actor.unit_ids)
    return [
        Moment(
            at=submission.at,
            kind="form",
            title="Sent",
            subject=submission.form.title,
            detail=_quoted(_message(submission)),
            emphasis=True,
            person_id=str(submission.person_id),
            event_id=submission.event_id,
        )
        for submission in sent
    ]


def _message(submission: Submission) -> str:
    """What the person wrote in their own words: the long text fields of the form."""
    long_fields = [field.get("key") for field in submission.form.fields if field.get("kind") == "textarea"]
    return " ".join(str(submission.data[key]) for key in long_fields if submission.data.get(key))


def _quoted(text: str) -> str:
    return f"“{text.strip()}”" if text.strip() else ""


def _lead_moments(ids: list[UUID], actor: Actor) -> list[Moment]:
    leads = Lead.objects.visible_to(actor).filter(person__in=ids)
    steps = LeadTransition.objects.filter(lead__in=leads).select_related("lead").order_by("lead_id", "at", "id")
    found: list[Moment] = []
    for _, of_lead in groupby(steps, lambda step: step.lead_id):
        together: list[LeadTransition] = []
        for step in of_lead:
            # Qualified and handed over in the moment it was created: one thing to whoever reads the route.
            if together and step.at - together[0].at > _AT_ONCE:
                found.append(_lead_moment(together))
                together = []
            together.append(step)
        found.append(_lead_moment(together))
    return found


def _lead_moment(steps: list[LeadTransition]) -> Moment:
    first = steps[0]
    words = [_lead_words(step) for step in steps]
    said = [part for step in steps for part in (_reason(step), _note(step)) if part]
    return Moment(
        at=first.at,
        kind="lead",
        title=words[0],
        detail=" · ".join([*(word.lower() for word in words[1:] if word != _NOTE), *said]),
        emphasis=any(step.to_state in _DECISIVE and step.from_state != step.to_state for step in steps),
        person_id=str(first.lead.person_id),
        by=first.by_name,
    )


def _lead_words(step: LeadTransition) -> str:
    return _NOTE if step.from_state == step.to_state else _LEAD_WORDS[Lead.State(step.to_state)]


def _note(step: LeadTransition) -> str:
    """What somebody wrote, in quotes; a new lead's note is Loopline's own word for where it came from.

    Why the turn fell on this owner is told in the lead's history; in a route it is noise.
    """
    if step.to_state == Lead.State.HANDED_OVER and step.by_name == SYSTEM.name:
        return ""
    return step.note if step.to_state == Lead.State.NEW else _quoted(step.note)


def _reason(step: LeadTransition) -> str:
    return Lead.Reason(step.reason).label if step.reason in Lead.Reason.values else step.reason


def _stage_moments(opportunities: list[Opportunity]) -> list[Moment]:
    changes = StageChange.objects.filter(opportunity__in=opportunities).select_related("opportunity")
    return [_stage_moment(change) for change in changes]


def _stage_moment(change: StageChange) -> Moment:
    opportunity = change.opportunity
    titles = {"won": WON, "lost": LOST, "reopened": "Reopened", "refunded": "Money given back"}
    if not change.from_stage:
        title = "Opportunity opened:"
    elif change.to_stage in titles:
        title = titles[change.to_stage]
    else:
        title = f"Moved to {Opportunity.Stage(change.to_stage).label.lower()}"
    reason = Opportunity.LossReason(change.reason).label if change.reason in Opportunity.LossReason.values else ""
    return Moment(
        at=change.at,
        kind="refund" if change.to_stage == "refunded" else "stage",
        title=title,
        subject=opportunity.name if not change.from_stage or change.to_stage in titles else "",
        detail=" · ".join(part for part in (reason, _quoted(change.note)) if part),
        emphasis=not change.from_stage or change.to_stage in titles,
        by=change.by_name,
        amount_minor=change.amount_minor,
        currency=opportunity.currency,
    )


_TALK = {
    (Interaction.Kind.CALL, True): "Call",
    (Interaction.Kind.CALL, False): "Call, not answered",
    (Interaction.Kind.MEETING, True): "Meeting",
    (Interaction.Kind.MEETING, False): "Meeting, did not take place",
    (Interaction.Kind.EMAIL, True): "Mail",
    (Interaction.Kind.EMAIL, False): "Mail, not answered",
}


def _conversations(ids: list[UUID], actor: Actor) -> list[Moment]:
    talks = Interaction.objects.visible_to(actor).filter(person__in=ids).select_related("by")
    return [
        Moment(
            at=talk.at,
            kind=talk.kind,
            title=_TALK.get((Interaction.Kind(talk.kind), talk.was_answered), "Note"),
            detail=talk.summary,
            emphasis=talk.kind == Interaction.Kind.MEETING and talk.was_answered,
            person_id=str(talk.person_id),
            event_id=talk.event_id,
            by=talk.by.name if talk.by else "",
        )
        for talk in talks
    ]
