"""What has to happen to leads without anybody asking: judge new ones again, hand over those that wait.

A lead is judged when it is created; by then the visit it came from may not be in the event store yet, and people go
on reading. So new leads are judged again as soon as their behaviour makes the difference. A periodic job.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from loopline.access.actor import SYSTEM
from loopline.leads.actions import qualify_lead
from loopline.leads.hand_over import hand_over_waiting
from loopline.leads.models import DefinitionVersion, Lead
from loopline.leads.states import LeadStateError
from loopline.lib.times import utc_now
from loopline.people.emails import DISPOSABLE_DOMAINS, FREE_DOMAINS
from loopline.people.models import Person
from loopline.rules.population import Moment, to_sql
from loopline.rules.read import read_rule
from loopline.store.current import engine

JUDGED_AGAIN_FOR = timedelta(days=90)
"""A lead that stays below the definition longer than this is left to marketing."""


@dataclass(frozen=True, slots=True)
class Swept:
    qualified: int
    handed_over: int


def sweep(at: datetime | None = None) -> Swept:
    """Hand over what waits and judge new leads again. Raises StoreError when the event store does not answer."""
    at = at or utc_now()
    handed_over = hand_over_waiting(by=SYSTEM, at=at)
    in_force = DefinitionVersion.objects.filter(status=DefinitionVersion.Status.IN_FORCE).select_related("unit")
    return Swept(sum(_judge_again(version, at) for version in in_force), handed_over)


def _judge_again(version: DefinitionVersion, at: datetime) -> int:
    new = Lead.objects.filter(unit=version.unit, state=Lead.State.NEW, created_at__gt=at - JUDGED_AGAIN_FOR)
    if not new.exists():
        return 0
    passing = _people_passing(version, at)
    merged = dict(Person.objects.filter(leads__in=new, merged_into__isnull=False).values_list("pk", "merged_into"))
    promising = [lead for lead in new if str(merged.get(lead.person_id, lead.person_id)) in passing]
    return sum(_qualify_if_still_new(lead, at) for lead in promising)


def _people_passing(version: DefinitionVersion, at: datetime) -> set[str]:
    query = to_sql(read_rule(version.rules))
    free = sorted(FREE_DOMAINS | DISPOSABLE_DOMAINS)
    params = query.params(str(version.unit_id), Moment(at=at, as_of=max(at, utc_now())), free_mail_domains=free)
    return {str(row["person_id"]) for row in engine().rows(query.sql, params) if row["is_met"]}


def _qualify_if_still_new(lead: Lead, at: datetime) -> bool:
    try:
        return qualify_lead(lead, by=SYSTEM, at=at)
    except LeadStateError:  # somebody was faster
        return False
