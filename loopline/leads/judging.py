"""Judging a lead by the definition that is in force for its business unit."""

from dataclasses import dataclass
from datetime import datetime

from loopline.leads.definition import Judgement, evaluate, without_definition
from loopline.leads.known import Behaviour, facts_about
from loopline.leads.models import DefinitionVersion, Lead


@dataclass(frozen=True, slots=True)
class LeadJudgement:
    version: DefinitionVersion | None
    """The version judged by; None when none is in force."""
    judgement: Judgement


def in_force_for(lead: Lead) -> DefinitionVersion | None:
    return DefinitionVersion.objects.filter(unit=lead.unit_id, status=DefinitionVersion.Status.IN_FORCE).first()


def judge_lead(lead: Lead, at: datetime, behaviour: Behaviour | None = None) -> LeadJudgement:
    """The verdict on a lead at `at`, by the definition now in force; `behaviour` as it was read before, if it was."""
    version = in_force_for(lead)
    if version is None:
        return LeadJudgement(None, without_definition())
    definition = version.definition
    facts = facts_about(lead.person, lead.unit, definition.measures, at, lead=lead, behaviour=behaviour)
    return LeadJudgement(version, evaluate(definition, facts))
