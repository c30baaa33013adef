"""Buyers as records, in bulk: people, companies, identities, consents, submissions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from loopline.attribution.heard import ANSWER_KEY
from loopline.campaigns.models import Submission
from loopline.demo import world
from loopline.demo.ground import PURPOSE, Ground, Ids
from loopline.demo.names import SUFFIX
from loopline.demo.simulate import Buyer
from loopline.facts.outbox import Fact
from loopline.people.claims import add_claim, settle
from loopline.people.fact_rows import company_row, consent_id, consent_row, identity_row, person_row
from loopline.people.models import Company, Consent, IdentityConflict, IdentityLink, Person
from loopline.people.stitch import RULE_VERSION

SHARED_BROWSERS = 3
HEARD = (
    "Recommendation", "Search", "", "Event", "Search", "Podcast, press, article", "", "Recommendation", "Social media",
    "AI assistant", "Search", "", "Knew you already", "Partner", "Mail or newsletter", "", "Recommendation", "Event",
    "Something else",
)  # fmt: skip
"""Answers to “How did you hear about us?”, "" for none."""


@dataclass
class Bulk:
    """Records made but not yet written, with the facts that go with them in the order they occurred."""

    facts: list[Fact]
    companies: dict[str, Company]
    people: dict[int, Person]
    links: list[IdentityLink]
    consents: list[Consent]
    submissions: list[Submission]


def make_people(buyers: Sequence[Buyer], ground: Ground, ids: Ids) -> Bulk:
    """People and what capturing their form leaves behind. `people` is keyed by the buyer's number."""
    bulk = Bulk([], {}, {}, [], [], [])
    for buyer in buyers:
        company = _company(buyer, ground, ids, bulk)
        _person(buyer, company, ground, ids, bulk)
    return bulk


def write_people(bulk: Bulk) -> None:
    Company.objects.bulk_create(bulk.companies.values(), batch_size=500)
    Person.objects.bulk_create(bulk.people.values(), batch_size=500)
    IdentityLink.objects.bulk_create(bulk.links, batch_size=500)
    Consent.objects.bulk_create(bulk.consents, batch_size=500)
    Submission.objects.bulk_create(bulk.submissions, batch_size=500)


def shared_browsers(buyers: Sequence[Buyer]) -> list[tuple[Buyer, Buyer]]:
    """Some colleagues, the second of whom signed in on the first one's browser when asking."""
    first_of: dict[tuple[str, str], Buyer] = {}
    pairs = []
    for buyer in sorted(buyers, key=lambda one: (one.asked_at, one.number)):
        first = first_of.setdefault((buyer.unit.key, buyer.domain or buyer.company.name), buyer)
        if buyer.asked_at - first.asked_at > timedelta(days=1):
            pairs.append((first, buyer))
    return pairs[:SHARED_BROWSERS]


def share_browsers(buyers: Sequence[Buyer], bulk: Bulk) -> None:
    """What the actions would leave behind: the browser is each one's while it can be told."""
    for first, buyer in shared_browsers(buyers):
        browser, person, at = f"visitor:{first.visitor}", bulk.people[buyer.number], buyer.asked_at
        add_claim(browser, person=person, evidence="identify", at=at)
        settle([browser], at)
        IdentityConflict.objects.create(
            identity=browser, kept_with=bulk.people[first.number], claimed_by=person, evidence="identify", at=at
        )


def _heard(buyer: Buyer) -> str:
    """Three in four say how they heard of the company; what they remember is often no click."""
    return HEARD[buyer.number * 7 % len(HEARD)]


def _company(buyer: Buyer, ground: Ground, ids: Ids, bulk: Bulk) -> Company:
    company, domain = buyer.company, buyer.domain
    # Without a domain of its own a company is known by its name within the unit.
    key = domain or f"{buyer.unit.key}/{_typed_company(buyer)}"
    known = bulk.companies.get(key)
    if known is not None:
        return known
    made = Company(
        id=ids.at(buyer.asked_at),
        unit=ground.units[buyer.unit.key],
        name=_typed_company(buyer),
        domain=domain or None,
        industry=company.industry,
        employees=company.employees,
        country=buyer.country,
        created_at=buyer.asked_at,
    )
    bulk.companies[key] = made
    bulk.facts.append(Fact("company_facts", str(made.pk), company_row(made), buyer.asked_at))
    return made


def _typed_company(buyer: Buyer) -> str:
    return f"{buyer.company.name} {SUFFIX[buyer.country]}"


def _person(buyer: Buyer, company: Company, ground: Ground, ids: Ids, bulk: Bulk) -> None:
    at = buyer.asked_at
    person = Person(
        id=ids.at(at),
        unit=ground.units[buyer.unit.key],
        email=buyer.email,
        name=buyer.name,
        job_title=buyer.job_title,
        phone=buyer.phone,
        country=buyer.country,
        company=company,
        created_at=at,
    )
    bulk.people[buyer.number] = person
    bulk.facts.append(Fact("person_facts", str(person.pk), person_row(person), at))
    for identity, evidence in (
        (f"person:{person.pk}", "self"),
        (f"email:{buyer.email}", "form"),
        (f"visitor:{buyer.visitor}", "form"),
    ):
        bulk.links.append(
            IdentityLink(identity=identity, person=person, evidence=evidence, rule_version=RULE_VERSION, recorded_at=at)
        )
        bulk.facts.append(Fact("identity_facts", identity, identity_row(person.pk, evidence), at))
    form = ground.forms[buyer.unit.key, buyer.form]
    consent = Consent(
        person=person, purpose=PURPOSE, is_granted=True, text=form.consent_text, evidence=f"form {form.slug}", at=at
    )
    bulk.consents.append(consent)
    bulk.facts.append(Fact("consent_facts", consent_id(consent), consent_row(consent), at))
    said = {
        "email": buyer.email,
        "name": buyer.name,
        "company": _typed_company(buyer),
        "job_title": buyer.job_title,
        "phone": buyer.phone,
        "country": buyer.country,
    }
    key = ids.at(at)
    bulk.submissions.append(
        Submission(
            id=key,
            form=form,
            person=person,
            visitor_id=buyer.visitor,
            event_id=str(key),
            landing={"page_url": f"https://{world.SITE_HOST}{buyer.page}"},
            reported_at=at,
            data=said | ({"message": buyer.message, ANSWER_KEY: _heard(buyer)} if buyer.form == "demo" else {}),
            consent_text=form.consent_text,
            is_consent_given=True,
            at=at,
        )
    )
