"""Four people who wait for Ana, with their visits: for looking at the leads, the definition and the huddle."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from loopline.access.actor import SYSTEM
from loopline.access.models import BusinessUnit, Organisation, User
from loopline.access.roles import Role
from loopline.facts.relay import Relay
from loopline.leads.actions import accept_lead, ask_for_help, create_lead, qualify_lead, reject_lead
from loopline.leads.definition_actions import draft_definition, propose_definition, put_in_force, sign_definition
from loopline.leads.models import Lead
from loopline.lib.times import utc_now
from loopline.people.actions import Details, edit_person, find_or_create_person, record_consent
from loopline.people.models import Person
from loopline.store.arrow import to_arrow
from loopline.store.current import engine
from loopline.store.engine import Batch
from loopline.store.library import TABLES

RULES: dict[str, object] = {
    "all": [
        {"field": "person.business_email"},
        {"consent": ["contact"]},
        {"field": "company.known"},
        {"count": {"kind": "page", "path": "/pricing"}, "at_least": 1, "within_days": 30},
    ]
}
PEOPLE = [
    ("Ines Okafor", "ines@haldenfoods.no", "Head of Operations", "Halden Foods", 1200, 1.2),
    ("Tomás Ruiz", "tomas@ruizehijos.es", "Plant manager", "Ruiz y Hijos", 80, 5.0),
    ("Mei-Ling Chen", "mei@brightwater.com", "CFO", "Brightwater", 400, 1.0),
    ("J. van der Berg-Oosterhuis", "j@vdbergtransport.nl", "Logistics", "Van der Berg Transport B.V.", 240, 0.4),
    ("Aino Korhonen", "aino@metsola.fi", "Buyer", "Metsola Oy", 35, 30.0),
    ("Piet de Vries", "piet@devries.nl", "Student", "De Vries", 3, 28.0),
]


@dataclass(frozen=True)
class Story:
    unit: BusinessUnit
    ana: User
    manager: User
    marketing: User
    leads: list[Lead]


def tell() -> Story:
    Organisation.objects.update_or_create(
        pk=1, defaults={"name": "Nordwind", "time_zone": "Europe/Oslo", "reporting_currency": "EUR"}
    )
    unit = BusinessUnit.objects.create(key="nordics", name="Nordics")
    ana = _user("Ana Lund", Role.SALES, unit, takes_leads=True)
    manager, marketing = _user("Henrik Berg", Role.SALES_MANAGER, unit), _user("Mara Solheim", Role.MARKETING, unit)
    version = draft_definition(unit, RULES, because="Where we begin.", by=marketing.actor)
    propose_definition(version, by=marketing.actor)
    sign_definition(version, "marketing", by=marketing.actor)
    sign_definition(version, "sales", by=manager.actor)
    put_in_force(version, by=manager.actor)
    leads = [_lead(one, unit) for one in PEOPLE]
    accept_lead(leads[4], by=ana.actor)
    reject_lead(leads[5], Lead.Reason.NOT_A_BUYER, note="writes a thesis about us", by=ana.actor)
    ask_for_help(leads[2], "Asks for a reference in water treatment. Do we have one?", by=ana.actor)
    below = create_lead(_person(("Someone", "someone@gmail.com", "", "", 0, 1), unit), unit, origin="call", by=SYSTEM)
    qualify_lead(below, by=SYSTEM)
    proposed = draft_definition(
        unit, {"all": [*_parts(), {"field": "company.employees", "at_least": 50}]},
        because="Four of nine sent back last month were too small.", by=marketing.actor,
    )  # fmt: skip
    propose_definition(proposed, by=marketing.actor)
    sign_definition(proposed, "marketing", by=marketing.actor)
    Relay(engine()).relay_all()
    return Story(unit, ana, manager, marketing, leads)


def _parts() -> list[object]:
    parts = RULES["all"]
    assert isinstance(parts, list)
    return parts


def _user(name: str, role: Role, unit: BusinessUnit, *, takes_leads: bool = False) -> User:
    email = f"{name.split()[0].lower()}@nordwind.test"
    user = User.objects.create_user(email, None, name=name, role=role.value, takes_leads=takes_leads)
    user.units.add(unit)
    return user


def _person(one: tuple[str, str, str, str, int, float], unit: BusinessUnit) -> Person:
    name, email, title, company, employees, _ = one
    person = find_or_create_person(email, unit=unit, name=name, company_name=company, evidence="form", by=SYSTEM)
    if person.company:
        person.company.employees, person.company.city = employees, "Oslo"
        person.company.save()
        edit_person(person, Details(name=name, job_title=title, phone="+47 22 00 00 00"), company=person.company,
                    by=SYSTEM)  # fmt: skip
    return person


def _lead(one: tuple[str, str, str, str, int, float], unit: BusinessUnit) -> Lead:
    at = utc_now() - timedelta(hours=one[5])
    person = _person(one, unit)
    record_consent(person, "contact", is_granted=True, text="Call me.", evidence="form demo", by=SYSTEM, at=at)
    _visits(person, unit, at)
    lead = create_lead(
        person, unit, origin="form “Ask for a demo”", message="replacing spreadsheets before the audit in March",
        by=SYSTEM, at=at,
    )  # fmt: skip
    qualify_lead(lead, by=SYSTEM, at=at)
    return lead


def _visits(person: Person, unit: BusinessUnit, at: datetime) -> None:
    seen = [
        ("form", "/demo", "Ask for a demo", 0, None, False),
        ("page", "/pricing", "Pricing", 0.1, 190_000, False),
        ("page", "/customers/brightwater", "Case study Brightwater", 200, 360_000, True),
        ("page", "/integrations", "Integrations", 199.8, 120_000, False),
        ("page", "/", "Home", 620, 20_000, True),
    ]
    rows = [
        {
            "event_id": f"{person.pk}-{number}", "unit_id": str(unit.pk), "occurred_at": at - timedelta(hours=hours),
            "received_at": at, "kind": kind, "name": title, "identity": f"person:{person.pk}", "url_path": path,
            "title": title, "engaged_ms": engaged, "page_view_id": f"{person.pk}-v{number}" if engaged else "",
            "session_id": f"{person.pk}-s{int(hours // 100)}", "is_entry": is_entry, "bot_verdict": "human",
            "touch_kind": "entry" if is_entry else "form" if kind == "form" else "",
            "channel": "Paid Social" if hours > 600 else "Email" if is_entry else "", "consent": 2,
            "properties": '{"form": "demo"}' if kind == "form" else "{}",
        }
        for number, (kind, path, title, hours, engaged, is_entry) in enumerate(seen)
    ]  # fmt: skip
    engine().write(Batch(f"visits-{person.pk}", {"events": to_arrow(TABLES["events"], rows)}))
