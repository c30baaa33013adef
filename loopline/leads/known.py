"""What is known about a person when a lead is judged: records, and behaviour from the event store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from loopline.access.models import BusinessUnit
from loopline.campaigns.models import Submission
from loopline.leads.models import Lead
from loopline.lib.times import utc_now
from loopline.people.browser_uses import stretches_of
from loopline.people.emails import domain_of, is_free_mail
from loopline.people.identity import identities_of
from loopline.people.models import Consent, Person
from loopline.rules.facts import Facts, FieldValue, Measured, SentForm
from loopline.rules.measures import Measure
from loopline.rules.population import BrowserUse, Moment, measures_sql
from loopline.store.current import engine
from loopline.store.engine import StoreError

PATIENCE_S = 5.0
"""How long a judgement waits for the event store; the lead is judged again later if it does not answer."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What the event store said about a person. Asked before a transaction begins: it may take seconds to answer, and
    meanwhile no other writer of the records should wait."""

    asked: frozenset[Measure]
    measured: dict[Measure, Measured] | None
    """None where the event store could not be asked."""
    missing_because: str = ""

    def covers(self, measures: Sequence[Measure]) -> bool:
        return self.asked.issuperset(measures)


def facts_about(
    person: Person, unit: BusinessUnit, measures: Sequence[Measure], at: datetime, *, lead: Lead | None = None,
    behaviour: Behaviour | None = None,
) -> Facts:  # fmt: skip
    """Everything a rule may ask for. Behaviour is None, with the reason, where the event store cannot be asked.

    The store is asked only for what `behaviour`, which was read before, does not cover.
    """
    if behaviour is None or not behaviour.covers(measures):
        behaviour = behaviour_of(person, unit, measures, at)
    return Facts(
        at=at,
        fields=_fields(person) | _lead_fields(lead),
        consents=consents_of(person),
        forms=_forms(person, unit),
        behaviour=behaviour.measured,
        behaviour_missing_because=behaviour.missing_because,
    )


def _fields(person: Person) -> dict[str, FieldValue]:
    company, domain = person.company, domain_of(person.email or "")
    return {
        "person.email": person.email,
        "person.business_email": domain if domain and not is_free_mail(domain) else None,
        "person.country": person.country,
        "person.job_title": person.job_title,
        "person.language": person.language,
        "company.known": company.name if company else None,
        "company.name": company.name if company else None,
        "company.domain": company.domain if company else None,
        "company.employees": company.employees if company else None,
        "company.industry": company.industry if company else None,
        "company.country": company.country if company else None,
        **_custom("person", person.custom),
        **_custom("company", company.custom if company else {}),
    }


def _custom(record: str, values: Mapping[str, FieldValue]) -> dict[str, FieldValue]:
    return {f"{record}.custom.{key}": value for key, value in values.items()}


def _lead_fields(lead: Lead | None) -> dict[str, FieldValue]:
    if lead is None:
        return {}
    return {"lead.origin": lead.origin, "lead.state": str(lead.state), **_custom("lead", lead.custom)}


def consents_of(person: Person) -> dict[str, bool]:
    """Purpose → whether the person agreed last, over everything said under any of its records."""
    said = Consent.objects.filter(person__in=person.known_ids()).order_by("at", "id")
    return dict(said.values_list("purpose", "is_granted"))


def _forms(person: Person, unit: BusinessUnit) -> list[SentForm]:
    sent = Submission.objects.filter(
        person__in=person.known_ids(), form__unit=unit, verdict=Submission.Verdict.GENUINE
    ).values_list("form__slug", "at")
    return [SentForm(slug, at) for slug, at in sent]


def behaviour_of(person: Person, unit: BusinessUnit, measures: Sequence[Measure], at: datetime) -> Behaviour:
    """What the person did up to `at`, as far as these measures ask for it. Waits `PATIENCE_S` for the store at most."""
    asked = frozenset(measures)
    if not asked:
        return Behaviour(asked, {})
    query = measures_sql(measures)
    # What happened up to `at`, from all that is known by now: an event may be stored a moment after it happened.
    moment = Moment(at=at, as_of=max(at, utc_now()))
    identities = [link.identity for link in identities_of(person)]
    uses = [BrowserUse(one.use.identity, one.use.since, one.until) for one in stretches_of(person)]
    try:
        params = query.params(str(unit.pk), moment, identities=identities, uses=uses)
        [row] = engine().rows(query.sql, params, timeout_s=PATIENCE_S)
    except StoreError as error:
        return Behaviour(asked, None, f"behaviour not known yet: {error}")
    return Behaviour(asked, {measure: _measured(row[f"m{number}"]) for number, measure in enumerate(measures)})


def _measured(value: object) -> Measured:
    if isinstance(value, datetime):
        return value
    return value if isinstance(value, int | float) else None
