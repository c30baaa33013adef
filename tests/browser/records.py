"""A small company for tests that look at pages: every role, every state, and names that could break a layout."""

from dataclasses import dataclass
from datetime import timedelta

from loopline.access.models import AccessToken, BusinessUnit, Organisation, User
from loopline.access.roles import Role
from loopline.campaigns.models import Campaign, CostLine
from loopline.leads.models import DefinitionVersion, Lead
from loopline.lib.times import utc_now
from loopline.people.models import Company as BuyingCompany
from loopline.people.models import Person
from loopline.pipeline.models import Opportunity, Task

HOSTILE = "<script>alert(1)</script>"
LONG = "J. van der Berg-Oosterhuis-Wolkenkratzer von Hinterzarten"
PEOPLE = ("Ines Okafor", "Tomás Ruiz", "Mei-Ling Chen", LONG, HOSTILE, "Aino Korhonen")


@dataclass(frozen=True)
class Company:
    units: tuple[BusinessUnit, BusinessUnit]
    users: dict[Role, User]
    people: tuple[Person, ...]
    leads: tuple[Lead, ...]
    opportunities: tuple[Opportunity, ...]
    campaign: Campaign


def fill() -> Company:
    Organisation.objects.update_or_create(
        pk=1, defaults={"name": "Nordwind Instruments", "time_zone": "Europe/Oslo", "reporting_currency": "EUR"}
    )
    north = BusinessUnit.objects.create(key="nordics", name="Nordics")
    south = BusinessUnit.objects.create(key="iberia", name="Iberia")
    users = {role: _user(role, north) for role in Role}
    people = tuple(_person(name, place, north) for place, name in enumerate(PEOPLE))
    campaign = _campaign(north, users[Role.MARKETING])
    definition = DefinitionVersion.objects.create(
        unit=north,
        number=1,
        status="in_force",
        rules={"all": [{"field": "person.business_email"}, {"form": ["demo"], "within_days": 90}]},
        sentence="A lead is a person who has a business e-mail address, and sent the form “demo” in the last 90 days.",
        in_force_from=utc_now(),
    )
    leads = tuple(_lead(person, place, users[Role.SALES], definition) for place, person in enumerate(people))
    _access_tokens(users)
    return Company((north, south), users, people, leads, _opportunities(north, people, users[Role.SALES]), campaign)


def _access_tokens(users: dict[Role, User]) -> None:
    """The administrator's own, used and revoked, and one of a colleague."""
    names = ((Role.ADMINISTRATOR, "Weekly spreadsheet of the management"), (Role.ADMINISTRATOR, HOSTILE),
             (Role.FINANCE, "Warehouse"))  # fmt: skip
    for place, (role, name) in enumerate(names):
        now, is_revoked = utc_now(), name == HOSTILE
        AccessToken.objects.create(
            user=users[role], name=name, digest=f"{place:064}", hint="ll_api_Xk3-q",
            scopes=["metrics:read", "reports:read"], expires_at=now + timedelta(days=90),
            last_used_at=None if is_revoked else now - timedelta(minutes=7), revoked_at=now if is_revoked else None,
        )  # fmt: skip


def _user(role: Role, unit: BusinessUnit) -> User:
    user = User.objects.create_user(
        f"{role.value}@nordwind.test", "correct horse battery", name=f"{role.label} Berg", role=role.value
    )
    user.units.add(unit)
    return user


def _person(name: str, place: int, unit: BusinessUnit) -> Person:
    company = BuyingCompany.objects.create(unit=unit, name=f"Halden Foods {place}", domain=f"halden{place}.example")
    email = f"person{place}@halden{place}.example"
    return Person.objects.create(unit=unit, name=name, email=email, job_title="Head of Operations", company=company)


def _campaign(unit: BusinessUnit, owner: User) -> Campaign:
    today = utc_now().date()
    campaign = Campaign.objects.create(
        unit=unit, name="Spring webinar series", channel="Event", currency="EUR", budget_minor=2_000_000, owner=owner
    )
    CostLine.objects.create(
        unit=unit, campaign=campaign, amount_minor=1_840_050, currency="EUR", starts_on=today, ends_on=today
    )
    return campaign


def _lead(person: Person, place: int, owner: User, definition: DefinitionVersion) -> Lead:
    now = utc_now()
    states = ("handed_over", "handed_over", "handed_over", "handed_over", "new", "accepted")
    is_handed = states[place] == "handed_over"
    return Lead.objects.create(
        unit=person.unit,
        person=person,
        state=states[place],
        origin="form “Ask for a demo”",
        message="replacing spreadsheets before the audit in March " + HOSTILE,
        definition=definition,
        evidence=[{"clause": "fit A", "is_met": True, "reason": "food, > 500 people"}],
        owner=owner if states[place] != "new" else None,
        created_at=now - timedelta(hours=5),
        handed_over_at=now - timedelta(hours=3) if is_handed else None,
        due_at=now + timedelta(hours=[1, -1, 5, 26][place]) if is_handed else None,
        accepted_at=now - timedelta(hours=1) if states[place] == "accepted" else None,
    )


def _opportunities(unit: BusinessUnit, people: tuple[Person, ...], owner: User) -> tuple[Opportunity, ...]:
    made = []
    for person, stage in zip(people, Opportunity.Stage, strict=False):
        opportunity = Opportunity.objects.create(
            unit=unit, name=f"{person.display_name}: line control", company=person.company, owner=owner,
            stage=stage, amount_minor=1_840_000, currency="EUR", needs_help=stage == Opportunity.Stage.PROPOSAL,
        )  # fmt: skip
        Task.objects.create(unit=unit, title=f"Call {person.display_name}", owner=owner, person=person,
                            opportunity=opportunity, due_on=utc_now().date())  # fmt: skip
        made.append(opportunity)
    return tuple(made)
