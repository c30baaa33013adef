"""Pages of routing: rules, teams, working hours, fairness, the books; each for whom they are and nobody else."""

from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from loopline.access.actor import SYSTEM
from loopline.access.models import BusinessUnit
from loopline.access.roles import Role
from loopline.facts.relay import Relay
from loopline.leads.models import Lead
from loopline.routing.actions import NewRule, add_absence, save_rule, save_team
from loopline.routing.models import Absence, RoutingRule, Team, WorkingTime
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.store.engine import Engine, StoreError
from loopline.web import collector
from tests.make import make_unit, make_user, signed_in, signed_in_as
from tests.make_leads import make_handed_over_lead, make_lead

pytestmark = pytest.mark.django_db

RULE = {"name": "Nordics", "countries": "Norway, se", "target": "turns"}
WEEK = {f"day_{day}": "8:00-12:00" for day in range(4)} | {"leads_a_week": "10"}


@pytest.fixture
def unit() -> BusinessUnit:
    return make_unit("North")


def pages(unit: BusinessUnit) -> list[str]:
    rule = save_rule(unit, NewRule("Norway", {"field": "person.country", "is": ["NO"]}, "turns"), by=SYSTEM)
    team = save_team(unit, "Desk", [], by=SYSTEM)
    return [
        reverse("routing"), reverse("fairness"), reverse("routing_rule", args=[unit.pk, "new"]),
        reverse("routing_rule", args=[unit.pk, "last"]), reverse("routing_rule", args=[unit.pk, rule.pk]),
        reverse("team", args=[unit.pk, "new"]), reverse("team", args=[unit.pk, team.pk]),
    ]  # fmt: skip


def test_the_trio_of_routing_pages(unit: BusinessUnit, store: DuckDBEngine) -> None:
    addresses = pages(unit)
    manager, seller = signed_in_as(Role.SALES_MANAGER, unit), signed_in_as(Role.SALES, unit)
    stranger = signed_in_as(Role.SALES_MANAGER, make_unit())
    for address in addresses:
        assert Client().get(address).status_code == 302
        assert seller.get(address).status_code == 403
        assert stranger.get(address).status_code == (404 if str(unit.pk) in address else 200)
        assert manager.get(address).status_code == 200
    for nowhere in ("nonsense", uuid4()):
        assert manager.get(reverse("routing_rule", args=[unit.pk, nowhere])).status_code == 404
        assert manager.get(reverse("team", args=[unit.pk, nowhere])).status_code == 404


def test_changes_are_for_managers_of_the_unit_only(unit: BusinessUnit) -> None:
    pages(unit)
    rule = RoutingRule.objects.get()
    for client in (Client(), signed_in_as(Role.SALES, unit), signed_in_as(Role.SALES_MANAGER, make_unit())):
        for name in ("routing_rule_raise", "routing_rule_remove"):
            assert client.post(reverse(name, args=[rule.pk])).status_code in {302, 403, 404}
        assert client.post(reverse("routing_rule", args=[unit.pk, "new"]), RULE).status_code in {302, 403, 404}
    assert [one.name for one in RoutingRule.objects.all()] == ["Norway"]
    manager = signed_in_as(Role.SALES_MANAGER, unit)
    assert manager.get(reverse("routing_rule_remove", args=[rule.pk])).status_code == 405
    manager.post(reverse("routing_rule_remove", args=[rule.pk]))
    assert not RoutingRule.objects.exists()


def test_a_rule_is_written_tried_and_saved_from_one_form(unit: BusinessUnit) -> None:
    lead, _ = make_handed_over_lead(unit)
    make_user(Role.SALES, unit=unit, name="Zoe", takes_leads=True)
    manager, new = signed_in_as(Role.SALES_MANAGER, unit), reverse("routing_rule", args=[unit.pk, "new"])
    assert "Everyone <b" in manager.get(reverse("routing")).content.decode(), "of no other rule"
    tried = manager.post(new, {**RULE, "countries": "", "accounts": "halden.example", "try": "1"}).content.decode()
    assert "0 of 1 leads would have gone elsewhere" in tried
    assert not RoutingRule.objects.exists()
    everybody = reverse("routing_rule", args=[unit.pk, "last"])
    zoe = str(unit.users.get(name="Zoe").pk)
    tried = manager.post(everybody, {"name": "Zoe", "target": "person", "person": zoe, "try": "1"}).content.decode()
    assert "1 of 1 leads would have gone elsewhere" in tried
    assert lead.person.display_name in tried
    manager.post(new, {**RULE, "product": "/product/pumps", "languages": "de", "more": '{"field": "company.known"}'})
    saved = RoutingRule.objects.get()
    assert saved.rules == {"all": [
        {"field": "person.country", "is": ["NO", "SE"]},
        {"field": "person.language", "is": ["de"]},
        {"seen": {"kind": "page", "path": "/product/pumps"}, "within_days": 90},
        {"field": "company.known"},
    ]}  # fmt: skip
    again = manager.get(reverse("routing_rule", args=[unit.pk, saved.pk])).content.decode()
    assert 'value="NO, SE"' in again
    assert 'value="/product/pumps"' in again
    assert "company.known" in again
    assert f"<span>{saved.name}</span></nav>" in again
    assert "Everyone else" in manager.get(reverse("routing")).content.decode()


def test_a_dry_run_that_the_event_store_cannot_answer_says_so_and_asks_it_once(
    unit: BusinessUnit, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        make_handed_over_lead(unit)
    asked: list[object] = []

    def not_there() -> Engine:
        asked.append(1)
        raise StoreError("no answer within 5 s")

    monkeypatch.setattr("loopline.leads.known.engine", not_there)
    manager, new = signed_in_as(Role.SALES_MANAGER, unit), reverse("routing_rule", args=[unit.pk, "new"])
    assert "Everyone <b" in manager.get(reverse("routing")).content.decode(), "of no other rule"
    tried = manager.post(new, {**RULE, "countries": "", "product": "/product/pumps", "try": "1"}).content.decode()
    assert "Not known for 3 of 3 leads" in tried
    assert "no answer within 5 s" in tried
    assert len(asked) == 1
    without = manager.post(new, {**RULE, "try": "1"}).content.decode()
    assert "Not known for" not in without, "a rule about records needs no event store"


def test_a_dry_run_says_when_the_event_store_is_behind(unit: BusinessUnit, monkeypatch: pytest.MonkeyPatch) -> None:
    manager, new = signed_in_as(Role.SALES_MANAGER, unit), reverse("routing_rule", args=[unit.pk, "new"])
    monkeypatch.setattr(collector, "log", lambda: Log(waiting=0))
    assert "not in the event store yet" not in manager.post(new, {**RULE, "try": "1"}).content.decode()
    monkeypatch.setattr(collector, "log", lambda: Log(waiting=7))
    assert "7 events that were received are not in the event store yet" in (
        manager.post(new, {**RULE, "try": "1"}).content.decode()
    )


class Log:
    """An inbox with so many events that nobody loaded for five minutes."""

    def __init__(self, waiting: int) -> None:
        self.waiting = waiting

    def last_seq(self) -> int:
        return collector.state().position() + self.waiting

    def age_s(self, after_seq: int) -> float:
        return 300.0


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"countries": ""}, "Say which leads"),
        ({"countries": "Atlantis"}, "is no country"),
        ({"more": "{"}, "not JSON"),
        ({"more": '{"field": "<script>"}'}, "There is no field"),
        ({"target": "person"}, "Choose who gets these leads"),
        ({"name": " "}, "required"),
    ],
)
def test_a_rule_that_says_nothing_comes_back_with_what_to_do(
    unit: BusinessUnit, typed: dict[str, str], said: str
) -> None:
    manager = signed_in_as(Role.SALES_MANAGER, unit)
    answer = manager.post(reverse("routing_rule", args=[unit.pk, "new"]), RULE | typed).content.decode()
    assert said in answer
    assert "<script>" not in answer.replace('<script src="', "")
    assert not RoutingRule.objects.exists()


def test_a_team_is_made_changed_and_removed(unit: BusinessUnit) -> None:
    ana, manager = make_user(Role.SALES, unit=unit, name="Ana"), signed_in_as(Role.SALES_MANAGER, unit)
    manager.post(reverse("team", args=[unit.pk, "new"]), {"name": "Desk", "members": [str(ana.pk)]})
    team = Team.objects.get()
    assert list(team.members.all()) == [ana]
    answer = manager.post(reverse("team", args=[unit.pk, "new"]), {"name": "Desk"}).content.decode()
    assert "a name of its own" in answer
    manager.post(reverse("team", args=[unit.pk, team.pk]), {"remove": "1"})
    assert not Team.objects.exists()


def test_people_keep_their_own_hours_and_managers_those_of_their_units(unit: BusinessUnit) -> None:
    ana = make_user(Role.SALES, unit=unit, name="Ana")
    own, hers = reverse("working_time"), reverse("working_time_of", args=[ana.pk])
    assert Client().get(own).status_code == 302
    assert signed_in_as(Role.FINANCE, unit).get(own).status_code == 403
    signed_in(ana).post(own, WEEK | {"holidays_of": "no", "leads_a_week": "99"})
    saved = WorkingTime.objects.get(user=ana)
    assert (saved.week[:5], saved.holidays_of, saved.leads_a_week) == (["8:00-12:00"] * 4 + [""], "NO", 10)
    assert signed_in_as(Role.SALES, unit).get(hers).status_code == 403
    assert signed_in_as(Role.SALES_MANAGER, make_unit()).get(hers).status_code == 404
    signed_in_as(Role.SALES_MANAGER, unit).post(hers, WEEK | {"leads_a_week": "4", "most_a_day": "1"})
    saved.refresh_from_db()
    assert (saved.leads_a_week, saved.most_a_day) == (4, 1)
    assert "write times" in signed_in(ana).post(own, WEEK | {"day_0": "morning-noon"}).content.decode()


def test_absences_are_ones_own_or_for_the_manager(unit: BusinessUnit) -> None:
    ana = make_user(Role.SALES, unit=unit, name="Ana")
    days = {"first_on": "2026-12-01", "last_on": "2026-12-05"}
    address = reverse("absence_new", args=[ana.pk])
    for client in (Client(), signed_in_as(Role.SALES, unit), signed_in_as(Role.SALES_MANAGER, make_unit())):
        assert client.post(address, days).status_code in {302, 403, 404}
    assert not Absence.objects.exists()
    wrong = signed_in(ana).post(address, days | {"last_on": "2026-11-01"}).content.decode()
    assert "comes before the first one" in wrong
    signed_in(ana).post(address, days)
    absence = Absence.objects.get()
    remove = reverse("absence_remove", args=[absence.pk])
    assert signed_in_as(Role.SALES, unit).post(remove).status_code == 403
    assert signed_in_as(Role.SALES_MANAGER, make_unit()).post(remove).status_code == 404
    signed_in_as(Role.SALES_MANAGER, unit).post(remove)
    assert not Absence.objects.exists()


def test_leads_in_a_queue_are_there_to_take_for_the_team(unit: BusinessUnit) -> None:
    ana = make_user(Role.SALES, unit=unit, name="Ana", takes_leads=True)
    save_rule(unit, NewRule("Queue", None, "queue", team=save_team(unit, "Desk", [ana], by=SYSTEM)), by=SYSTEM)
    lead, _ = make_handed_over_lead(unit, name="Ines Okafor")
    page = signed_in(ana).get(reverse("leads"), {"tab": "queue"}).content.decode()
    assert "Ines Okafor" in page
    assert "1 in a queue" in page
    other = make_user(Role.SALES, unit=unit, name="Ben")
    assert "Ines Okafor" not in signed_in(other).get(reverse("leads"), {"tab": "queue"}).content.decode()
    signed_in(ana).post(reverse("lead_accept", args=[lead.pk]))
    assert Lead.objects.get().owner == ana
    add_absence(ana, lead.created_at.date(), lead.created_at.date(), by=ana.actor)


def test_the_books_say_that_they_hold(unit: BusinessUnit, store: DuckDBEngine) -> None:
    assert Client().get(reverse("lead_book")).status_code == 302
    assert signed_in_as(Role.FINANCE, unit).get(reverse("lead_book")).status_code == 403
    client = signed_in_as(Role.SALES, unit)
    empty = client.get(reverse("lead_book")).content.decode()
    assert "No leads yet" in empty
    assert "<table" not in empty
    make_lead(unit)
    Relay(store).relay_all()
    assert "Adds up on every day" in client.get(reverse("lead_book")).content.decode()


def test_pages_say_when_the_event_store_does_not_answer(unit: BusinessUnit) -> None:
    manager = signed_in_as(Role.SALES_MANAGER, unit)
    assert "cannot be told" in manager.get(reverse("fairness")).content.decode()
    assert "cannot be read now" in manager.get(reverse("lead_book")).content.decode()
