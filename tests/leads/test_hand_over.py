"""Routing rules on real leads: accounts, territory, language, product, teams, queues, absences, caps, dry run."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from loopline.access.actor import SYSTEM, NotAllowedError
from loopline.access.models import BusinessUnit, User
from loopline.access.roles import Role
from loopline.leads.actions import accept_lead, qualify_lead, reject_lead
from loopline.leads.dry_run import dry_run
from loopline.leads.hand_over import hand_over_waiting
from loopline.leads.models import Lead
from loopline.people.actions import Details, fill_in
from loopline.routing import actions
from loopline.routing.actions import NewRule, NewWorkingTime, save_rule, save_team, set_working_time
from loopline.routing.models import RoutingRule, Team
from loopline.routing.rules import rules_of
from loopline.store.engine import StoreError
from tests.make import make_unit, make_user
from tests.make_leads import make_definition, make_lead

pytestmark = pytest.mark.django_db

MONDAY_10 = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
NORWAY = {"field": "person.country", "is": ["NO"]}
WEEK = ("9-17",) * 5 + ("", "")


@pytest.fixture
def unit() -> BusinessUnit:
    unit = make_unit("North")
    make_definition(unit)
    return unit


def seller(unit: BusinessUnit, name: str) -> User:
    return make_user(Role.SALES, unit=unit, name=name, takes_leads=True)


def hand(
    unit: BusinessUnit, at: datetime = MONDAY_10, *, country: str = "", language: str = "", email: str = ""
) -> Lead:
    lead = make_lead(unit, email=email, at=at)
    fill_in(lead.person, Details(country=country), by=SYSTEM)
    if language:
        lead.person.language = language
        lead.person.save(update_fields=["language"])
    assert qualify_lead(lead, by=SYSTEM, at=at) is True
    return lead


def away(user: User, first: date, last: date) -> None:
    actions.add_absence(user, first, last, "skiing", by=user.actor)


def test_a_lead_goes_by_the_first_rule_that_fits_and_keeps_the_reasons_after_the_rule_is_gone(
    unit: BusinessUnit,
) -> None:
    ana, ben = seller(unit, "Ana"), seller(unit, "Ben")
    first = save_rule(
        unit, NewRule("Key accounts", {"field": "company.domain", "is": ["nordwind.no"]}, "person", ben), by=SYSTEM
    )
    save_rule(unit, NewRule("Norway", NORWAY, "person", ana), by=SYSTEM)
    key = hand(unit, email="eva@nordwind.no", country="NO")
    norwegian = hand(unit, country="NO")
    assert (key.owner, norwegian.owner) == (ben, ana)
    actions.remove_rule(first, by=SYSTEM)
    [kept] = norwegian.assignments.all()
    assert (kept.rule, kept.sentence, kept.owner) == ("Norway", "is in Norway", ana)
    assert kept.because == "Norway: it is Ana's" == norwegian.assigned_because
    assert kept.passed == [{"rule": "Key accounts", "why": f"domain of the company {norwegian.person.company.domain}"}]
    assert [one["name"] for one in kept.considered] == ["Ana"]


def test_language_and_the_catch_all(unit: BusinessUnit) -> None:
    dora, eve = seller(unit, "Dora"), seller(unit, "Eve")
    save_rule(unit, NewRule("German", {"field": "person.language", "is": ["de"]}, "person", dora), by=SYSTEM)
    save_rule(unit, NewRule("The rest", None, "person", eve), by=SYSTEM)
    assert hand(unit, language="de").owner == dora
    assert hand(unit).owner == eve
    assert [rule.name for rule in rules_of(unit)] == ["German", "The rest"]


def test_a_queue_belongs_to_its_team_and_whoever_accepts_first_owns_the_lead(unit: BusinessUnit) -> None:
    ana, ben, eve = (seller(unit, name) for name in ("Ana", "Ben", "Eve"))
    team = save_team(unit, "Desk", [ana, ben], by=SYSTEM)
    save_rule(unit, NewRule("To the desk", None, "queue", team=team), by=SYSTEM)
    lead = hand(unit)
    assert (lead.state, lead.owner, lead.is_pooled, lead.team) == ("handed_over", None, True, team)
    assert [one.kind for one in lead.clocks.running()] == ["take"]
    assert set(Lead.objects.in_queue_of(ana.actor)) == {lead}
    assert not Lead.objects.in_queue_of(eve.actor)
    with pytest.raises(NotAllowedError, match="a queue of another team"):
        accept_lead(lead, by=eve.actor)
    accept_lead(lead, by=ben.actor, at=MONDAY_10 + timedelta(hours=1))
    assert (lead.state, lead.owner, lead.is_pooled) == ("accepted", ben, False)
    assert lead.assignments.last().because == "accepted by Ben from the queue"
    assert [one.kind for one in lead.clocks.running()] == ["first_touch"]


def test_somebody_out_of_office_gets_nothing_until_they_are_back(unit: BusinessUnit) -> None:
    ana, ben = seller(unit, "Ana"), seller(unit, "Ben")
    away(ana, date(2026, 3, 2), date(2026, 3, 6))
    lead = hand(unit)
    assert lead.owner == ben
    assert {"name": "Ana", "recent": 0, "capacity": 10, "said": "away until 6 Mar"} in lead.assignments.get().considered
    assert hand(unit, MONDAY_10 + timedelta(days=7)).owner == ana


def test_with_everybody_full_the_lead_waits_with_a_clock_and_goes_when_someone_can(unit: BusinessUnit) -> None:
    ana = seller(unit, "Ana")
    set_working_time(ana, NewWorkingTime("", WEEK, "", 10, most_a_day=1), by=SYSTEM)
    hand(unit)
    second = hand(unit)
    assert (second.state, second.owner) == ("marketing_qualified", None)
    assert second.assigned_because.startswith("everybody who takes leads is away or has as many")
    assert [one.kind for one in second.clocks.running()] == ["assign"]
    assert hand_over_waiting(by=SYSTEM, at=MONDAY_10 + timedelta(hours=3)) == 0
    assert hand_over_waiting(by=SYSTEM, at=MONDAY_10 + timedelta(days=1)) == 1


def test_the_clock_of_an_answer_runs_in_the_owners_hours(unit: BusinessUnit) -> None:
    ana = seller(unit, "Ana")
    set_working_time(ana, NewWorkingTime("America/New_York", WEEK, "US", 10), by=SYSTEM)
    assert hand(unit).due_at == datetime(2026, 3, 2, 18, 0, tzinfo=UTC)


def test_a_dry_run_says_who_would_have_got_what_and_changes_nothing(unit: BusinessUnit) -> None:
    ana, ben = seller(unit, "Ana"), seller(unit, "Ben")
    leads = [hand(unit, MONDAY_10 + timedelta(minutes=n), country="NO" if n % 2 else "SE") for n in range(6)]
    assert [lead.owner for lead in leads] == [ana, ben] * 3
    reject_lead(leads[0], "no_need", by=ana.actor)
    changed = [RoutingRule(unit=unit, name="Norway", rules=NORWAY, target="person", person=ana), *rules_of(unit)]
    tried = dry_run(unit, changed, MONDAY_10 + timedelta(days=1))
    assert {load.name: (load.before, load.after) for load in tried.loads} == {"Ana": (3, 4), "Ben": (3, 2)}
    assert tried.by_rule == [("Norway", 3), ("Everybody in turn", 3)]
    assert {one.lead.pk for one in tried.moved} <= {lead.pk for lead in leads}
    same = dry_run(unit, rules_of(unit), MONDAY_10 + timedelta(days=1))
    assert not same.moved
    assert not RoutingRule.objects.exists()


def test_rules_and_teams_that_could_not_work_are_refused(unit: BusinessUnit) -> None:
    marketing, stranger = make_user(Role.MARKETING, unit=unit), seller(make_unit(), "Otto")
    for new, said in [
        (NewRule(" ", NORWAY, "turns"), "Give the rule a name"),
        (NewRule("x", {"field": "nothing"}, "turns"), "There is no field"),
        (NewRule("x", NORWAY, "person"), "Choose who"),
        (NewRule("x", NORWAY, "person", marketing), "does not work leads"),
        (NewRule("x", NORWAY, "person", stranger), "does not work leads"),
        (NewRule("x", NORWAY, "turns", team=Team.objects.create(unit=make_unit(), name="There")), "this business unit"),
    ]:
        with pytest.raises(ValidationError, match=said):
            save_rule(unit, new, by=SYSTEM)
    with pytest.raises(ValidationError, match="does not work leads"):
        save_team(unit, "Desk", [marketing], by=SYSTEM)
    with pytest.raises(NotAllowedError):
        save_rule(unit, NewRule("x", NORWAY, "turns"), by=seller(unit, "Ana").actor)
    with pytest.raises(NotAllowedError):
        save_rule(unit, NewRule("x", NORWAY, "turns"), by=make_user(Role.SALES_MANAGER, unit=make_unit()).actor)


def test_a_team_with_a_rule_stays_and_rules_change_places(unit: BusinessUnit) -> None:
    team = save_team(unit, "Desk", [], by=SYSTEM)
    one = save_rule(unit, NewRule("One", NORWAY, "turns", team=team), by=SYSTEM)
    two = save_rule(unit, NewRule("Two", NORWAY, "turns"), by=SYSTEM)
    with pytest.raises(ValidationError, match="change the rule first"):
        actions.remove_team(team, by=SYSTEM)
    actions.raise_rule(two, by=SYSTEM)
    assert [rule.name for rule in rules_of(unit)] == ["Two", "One", "Everybody in turn"]
    actions.raise_rule(two, by=SYSTEM)
    assert [rule.name for rule in rules_of(unit)] == ["Two", "One", "Everybody in turn"]
    actions.remove_rule(one, by=SYSTEM)
    actions.remove_team(team, by=SYSTEM)
    assert not Team.objects.exists()


def test_salespeople_set_their_hours_and_their_manager_the_capacity(unit: BusinessUnit) -> None:
    ana, manager = seller(unit, "Ana"), make_user(Role.SALES_MANAGER, unit=unit)
    set_working_time(ana, NewWorkingTime("Europe/Oslo", WEEK, "NO", 10), by=ana.actor)
    with pytest.raises(ValidationError, match="your manager"):
        set_working_time(ana, NewWorkingTime("Europe/Oslo", WEEK, "NO", 1), by=ana.actor)
    set_working_time(ana, NewWorkingTime("Europe/Oslo", WEEK, "NO", 1), by=manager.actor)
    for bad, said in [
        (NewWorkingTime("Mars/Base", WEEK, "", 1), "no such time zone"),
        (NewWorkingTime("", ("",) * 7, "", 1), "at least one working day"),
        (NewWorkingTime("", WEEK, "XX", 1), "No public holidays"),
        (NewWorkingTime("", ("9",) * 7, "", 1), "write times"),
    ]:
        with pytest.raises(ValidationError, match=said):
            set_working_time(ana, bad, by=manager.actor)
    with pytest.raises(NotAllowedError):
        set_working_time(ana, NewWorkingTime("", WEEK, "", 1), by=seller(unit, "Ben").actor)
    with pytest.raises(NotAllowedError):
        set_working_time(ana, NewWorkingTime("", WEEK, "", 1), by=make_user(Role.SALES_MANAGER, unit=make_unit()).actor)


def test_a_queue_of_nobody_is_refused_and_a_queue_that_lost_its_people_gives_its_leads_back(
    unit: BusinessUnit,
) -> None:
    ana, ben = seller(unit, "Ana"), seller(unit, "Ben")
    desk, empty = save_team(unit, "Desk", [ana], by=SYSTEM), save_team(unit, "Nobody yet", [], by=SYSTEM)
    with pytest.raises(ValidationError, match="Nobody in the team Nobody yet takes leads"):
        save_rule(unit, NewRule("To nobody", NORWAY, "queue", team=empty), by=SYSTEM)
    save_rule(unit, NewRule("Norway", NORWAY, "queue", team=desk), by=SYSTEM)
    lead = hand(unit, country="NO")
    assert (lead.is_pooled, lead.team) == (True, desk)
    assert hand_over_waiting(by=SYSTEM, at=MONDAY_10 + timedelta(minutes=1)) == 0
    save_team(unit, "Desk", [], team=desk, by=SYSTEM)
    assert hand_over_waiting(by=SYSTEM, at=MONDAY_10 + timedelta(minutes=2)) == 1
    lead.refresh_from_db()
    assert (lead.state, lead.owner, lead.is_pooled) == ("handed_over", ana, False)
    assert lead.assignments.last().passed == [
        {"rule": "Norway", "why": "fits, but nobody in the team Desk takes leads"}
    ]
    later = hand(unit, MONDAY_10 + timedelta(hours=1), country="NO")
    assert later.owner == ben


def test_the_store_is_asked_before_anything_is_locked(unit: BusinessUnit, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that takes seconds to answer must not keep every other writer waiting."""
    seller(unit, "Ana")
    bought = {"count": {"kind": "page", "path": "/pricing"}, "at_least": 1, "within_days": 30}
    save_rule(unit, NewRule("Keen", {"any": [bought, NORWAY]}, "turns"), by=SYSTEM)
    depths: list[int] = []

    class Watched:
        def rows(self, *_args: object, **_kwargs: object) -> None:
            depths.append(len(connection.savepoint_ids))
            raise StoreError("not there")

    monkeypatch.setattr("loopline.leads.known.engine", Watched)
    lead = make_lead(unit, at=MONDAY_10)
    outside = len(connection.savepoint_ids)
    assert qualify_lead(lead, by=SYSTEM, at=MONDAY_10) is True
    assert depths == [outside]
    [assignment] = lead.assignments.all()
    assert assignment.passed[0]["why"].startswith("not known: behaviour not known yet")


def test_many_waiting_leads_go_with_rules_and_people_read_once(unit: BusinessUnit) -> None:
    leads = [hand(unit, MONDAY_10 + timedelta(minutes=n)) for n in range(4)]
    for number in range(5):
        save_rule(unit, NewRule(f"Rule {number}", NORWAY, "turns"), by=SYSTEM)
    ana = seller(unit, "Ana")
    counted: Counter[str] = Counter()

    def count(execute: Callable[..., object], sql: str, *args: object) -> object:
        counted["rules" if 'FROM "routing_routingrule"' in sql else "other"] += 1
        return execute(sql, *args)

    with connection.execute_wrapper(count):
        assert hand_over_waiting(by=SYSTEM, at=MONDAY_10 + timedelta(hours=1)) == 4
    assert counted["rules"] == 1
    assert {one.owner for one in Lead.objects.filter(pk__in=[lead.pk for lead in leads])} == {ana}
