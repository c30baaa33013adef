"""New leads are judged again as their people change: at once those whose event or record was just stored, and now and
then all of them, because time alone changes verdicts too (“not seen in the last 30 days”).
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from threading import Lock

from django.db.models import Q

from loopline.access.actor import SYSTEM
from loopline.leads.actions import qualify_lead
from loopline.leads.models import DefinitionVersion, Lead, LeadQuerySet
from loopline.leads.states import LeadStateError
from loopline.lib.times import utc_now
from loopline.people.changed import changed_people
from loopline.people.emails import DISPOSABLE_DOMAINS, FREE_DOMAINS
from loopline.people.models import Person
from loopline.rules.population import JUDGED_AGAIN_DAYS, Judged, Moment, to_sql
from loopline.store.current import engine

JUDGED_AGAIN_FOR = timedelta(days=JUDGED_AGAIN_DAYS)
FREE_MAIL = sorted(FREE_DOMAINS | DISPOSABLE_DOMAINS)
BEING_CREATED = timedelta(seconds=30)
"""Longer than it takes from the judgement of a lead to the end of the transaction that creates it."""
MOST_AT_ONCE = 20_000
"""Beyond so many people looking at everybody costs less than at each of them."""


class ChangeWatch:
    """Judges the new leads of people about whom something was stored since it looked last. One a process."""

    def __init__(self, since: datetime | None = None) -> None:
        self._since = since
        self._lock = Lock()

    def look(self, at: datetime | None = None) -> int:
        """How many leads qualified. Raises StoreError; then the same changes are looked at again the next time."""
        with self._lock:
            at, until = at or utc_now(), engine().horizon()
            if self._since is None:  # what changed before this process began: everybody is judged once
                qualified = judge_new_leads(at)
            elif until <= self._since:
                return 0
            elif not waits_for_a_judgement(at).exists():
                # A lead that is being created right now may have been judged without what was stored meanwhile.
                self._since = max(self._since, until - BEING_CREATED)
                return 0
            else:
                people = changed_people(engine(), self._since, until)
                qualified = judge_new_leads(at, people) if people else 0
            self._since = until
            return qualified


def waits_for_a_judgement(at: datetime) -> LeadQuerySet:
    """New leads of business units that have a definition in force; the others cannot pass."""
    in_force = DefinitionVersion.objects.filter(status=DefinitionVersion.Status.IN_FORCE).values("unit")
    return Lead.objects.filter(state=Lead.State.NEW, created_at__gt=at - JUDGED_AGAIN_FOR, unit__in=in_force)


def judge_new_leads(at: datetime, people: Collection[str] | None = None) -> int:
    """Judge leads that are still new, of these people or of everybody; how many qualified. Raises StoreError."""
    in_force = DefinitionVersion.objects.filter(status=DefinitionVersion.Status.IN_FORCE).select_related("unit")
    return sum(_judge(version, at, people) for version in in_force)


def _judge(version: DefinitionVersion, at: datetime, people: Collection[str] | None) -> int:
    new = Lead.objects.filter(unit=version.unit, state=Lead.State.NEW, created_at__gt=at - JUDGED_AGAIN_FOR)
    if people is not None and len(people) <= MOST_AT_ONCE:
        new = new.filter(Q(person__in=people) | Q(person__merged_into__in=people))
    waiting = _waiting(new)
    asked = waiting.keys() if people is None else waiting.keys() & set(people)
    if not asked:
        return 0
    passing = _passing(version, at, None if len(asked) > MOST_AT_ONCE else sorted(asked))
    return sum(_qualify_if_still_new(waiting[one], at) for one in sorted(asked & passing))


def _waiting(new: LeadQuerySet) -> dict[str, Lead]:
    """The new leads by the person that remains after merges."""
    merged = dict(Person.objects.filter(leads__in=new, merged_into__isnull=False).values_list("pk", "merged_into"))
    return {str(merged.get(lead.person_id, lead.person_id)): lead for lead in new}


def _passing(version: DefinitionVersion, at: datetime, people: list[str] | None) -> set[str]:
    """Everybody's or these people's ids, as far as they meet the version."""
    query = to_sql(version.definition.rule, Judged.EVERYBODY if people is None else Judged.PEOPLE)
    moment = Moment(at=at, as_of=max(at, utc_now()))
    params = query.params(str(version.unit_id), moment, free_mail_domains=FREE_MAIL, people=people or [])
    return {str(row["person_id"]) for row in engine().rows(query.sql, params) if row["is_met"]}


def _qualify_if_still_new(lead: Lead, at: datetime) -> bool:
    try:
        return qualify_lead(lead, by=SYSTEM, at=at)
    except LeadStateError:  # somebody was faster
        return False
