"""A huddle: opened with a frozen list and figures, every lead talked about, decisions made, closed with minutes."""

from datetime import UTC, date, datetime, timedelta

import pytest

from loopline.access.actor import NotAllowedError
from loopline.access.audit import first_broken_entry
from loopline.access.models import AuditEntry, BusinessUnit, User
from loopline.access.roles import Role
from loopline.huddles.actions import Said, close_huddle, dispose_lead, open_huddle
from loopline.huddles.changing import HuddleStateError
from loopline.huddles.decisions import NewDecision, add_decision, finish_decision
from loopline.huddles.models import Huddle, HuddleLead
from loopline.leads.actions import accept_lead, ask_for_help, reject_lead
from loopline.leads.models import Lead
from loopline.pipeline.models import Opportunity, Task
from tests.make import make_unit, make_user
from tests.make_leads import make_handed_over_lead

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HUDDLE = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)


@pytest.fixture
def unit() -> BusinessUnit:
    return make_unit("Halden Nordic")


@pytest.fixture
def runner(unit: BusinessUnit) -> User:
    return make_user(Role.MARKETING, unit=unit, name="Mara")


def lead_in_hand(unit: BusinessUnit, name: str, hours: float) -> tuple[Lead, User]:
    return make_handed_over_lead(unit, name=name, at=MONDAY + timedelta(hours=hours))


def four_leads(unit: BusinessUnit) -> dict[str, Lead]:
    """One of each answer: accepted in time, sent back, late and silent, in need of help."""
    accepted, owner = lead_in_hand(unit, "Ines", 0)
    accept_lead(accepted, by=owner.actor, at=MONDAY + timedelta(hours=2))
    rejected, owner = lead_in_hand(unit, "Tom", 1)
    reject_lead(rejected, Lead.Reason.NOT_A_BUYER, note="a student", by=owner.actor, at=MONDAY + timedelta(hours=2))
    silent, _ = lead_in_hand(unit, "Mei", 2)
    help_wanted, owner = lead_in_hand(unit, "Jan", 3)
    ask_for_help(help_wanted, "no phone", by=owner.actor, at=MONDAY + timedelta(hours=4))
    return {"Ines": accepted, "Tom": rejected, "Mei": silent, "Jan": help_wanted}


def names(huddle: Huddle) -> list[str]:
    return [str(entry.frozen["person"]) for entry in huddle.leads.all()]


def dispose_all(huddle: Huddle, by: User) -> None:
    for entry in huddle.leads.filter(disposition=""):
        dispose_lead(entry, Said(HuddleLead.Disposition.GOOD), by=by.actor)


def test_opening_freezes_the_leads_in_the_order_of_their_need_and_the_figures(unit: BusinessUnit, runner: User) -> None:
    leads = four_leads(unit)
    huddle = open_huddle(unit, by=runner.actor, at=HUDDLE)
    assert names(huddle) == ["Jan", "Mei", "Ines", "Tom"]
    assert huddle.leads.get(lead=leads["Ines"]).frozen["why"] == [
        "owed and late: sales, call, write or meet for the first time"
    ]
    assert {key: huddle.snapshot[key] for key in ("handed_over", "accepted", "sent_back", "waiting", "overdue")} == {
        "handed_over": 4, "accepted": 1, "sent_back": 1, "waiting": 2, "overdue": 2,
    }  # fmt: skip
    assert huddle.snapshot["accepted_percent"] == 50
    assert huddle.snapshot["median_answer_minutes"] == 90
    assert huddle.snapshot["reasons"] == [["competitor, job seeker or spam", 1]]
    frozen = huddle.leads.get(lead=leads["Tom"]).frozen
    assert (frozen["state"], frozen["reason_note"]) == ("rejected", "a student")
    assert frozen["evidence"][0]["is_met"] is True
    accept_lead(leads["Mei"], by=make_user(Role.SALES_MANAGER, unit=unit).actor)
    assert huddle.leads.get(lead=leads["Mei"]).frozen["state"] == "handed_over", "what happens later changes nothing"
    assert AuditEntry.objects.filter(verb="open_huddle", object_id=str(huddle.pk)).exists()


def test_a_quiet_week_has_no_rates_instead_of_zeros(unit: BusinessUnit, runner: User) -> None:
    huddle = open_huddle(unit, by=runner.actor, at=HUDDLE)
    assert huddle.snapshot["handed_over"] == 0
    assert huddle.snapshot["accepted_percent"] is None
    assert huddle.snapshot["median_answer_minutes"] is None
    close_huddle(huddle, by=runner.actor)
    assert "None were handed over." in huddle.minutes


def test_one_huddle_at_a_time_a_unit(unit: BusinessUnit, runner: User) -> None:
    open_huddle(unit, by=runner.actor)
    with pytest.raises(HuddleStateError, match="is open since"):
        open_huddle(unit, by=runner.actor)


def test_a_huddle_closes_only_when_every_lead_was_talked_about(unit: BusinessUnit, runner: User) -> None:
    four_leads(unit)
    huddle = open_huddle(unit, by=runner.actor, at=HUDDLE)
    with pytest.raises(HuddleStateError, match=r"4 leads have no answer yet: Jan, Mei, Ines, Tom\. Go through them"):
        close_huddle(huddle, by=runner.actor)
    dispose_all(huddle, runner)
    close_huddle(huddle, by=runner.actor, at=HUDDLE + timedelta(hours=1))
    assert not huddle.is_open
    with pytest.raises(HuddleStateError, match="closed"):
        close_huddle(huddle, by=runner.actor)
    with pytest.raises(HuddleStateError, match="minutes stay as they are"):
        dispose_lead(huddle.leads.all()[0], Said("good"), by=runner.actor)


def test_carried_over_leads_come_first_next_time_and_only_once(unit: BusinessUnit, runner: User) -> None:
    leads = four_leads(unit)
    first = open_huddle(unit, by=runner.actor, at=HUDDLE)
    dispose_lead(first.leads.get(lead=leads["Jan"]), Said("needs_help", "call her", "sent the number"), by=runner.actor)
    close_huddle(first, carry_over=True, by=runner.actor, at=HUDDLE + timedelta(hours=1))
    late, _ = make_handed_over_lead(unit, name="During", at=HUDDLE + timedelta(minutes=20))
    second = open_huddle(unit, by=runner.actor, at=HUDDLE + timedelta(days=7))
    assert second.since == HUDDLE
    assert names(second) == ["Tom", "Mei", "Ines", "Jan", "During"], "Jan still needs help, whatever was said"
    assert [entry.frozen["is_carried_over"] for entry in second.leads.all()] == [True, True, True, False, False]
    assert [entry.frozen["is_older"] for entry in second.leads.all()] == [False, False, False, True, False]
    assert second.snapshot["handed_over"] == 1, "carried over leads are not counted twice"
    dispose_all(second, runner)
    close_huddle(second, by=runner.actor, at=HUDDLE + timedelta(days=7, hours=1))
    third = open_huddle(unit, by=runner.actor, at=HUDDLE + timedelta(days=14))
    assert sorted(names(third)) == ["During", "Ines", "Jan", "Mei", "Tom"], "talked about for as long as they wait"
    assert not any(entry.frozen["is_carried_over"] for entry in third.leads.all())
    assert late.state == Lead.State.HANDED_OVER


def test_decisions_become_tasks_of_their_owners_and_are_in_the_minutes(unit: BusinessUnit, runner: User) -> None:
    four_leads(unit)
    huddle = open_huddle(unit, by=runner.actor, at=HUDDLE)
    owner = make_user(Role.SALES, unit=unit, name="Ana")
    stranger = make_user(Role.SALES, unit=make_unit(), name="Stranger")
    decision = add_decision(
        huddle, NewDecision("Ask for a phone number", owner, date(2026, 3, 11), "fewer unreachable"), by=runner.actor
    )
    with pytest.raises(NotAllowedError, match="does not work for"):
        add_decision(huddle, NewDecision("x", stranger), by=runner.actor)
    assert not Task.objects.exists()
    dispose_lead(
        huddle.leads.get(frozen__person="Tom"), Said("below_definition", "student", "free mail again"), by=runner.actor
    )
    close_huddle(huddle, carry_over=True, by=runner.actor, at=HUDDLE + timedelta(hours=1))
    decision.refresh_from_db()
    assert decision.task is not None
    assert (decision.task.owner, decision.task.due_on) == (owner, date(2026, 3, 11))
    company = ", halden.example"
    assert huddle.minutes == (
        "Huddle of Halden Nordic, 04 March 2026, 09:30\n"
        "Opened by Mara, closed by Mara at 04 March 2026, 10:30.\n\n"
        "4 handed over: 1 accepted, 1 sent back, 2 waiting; 2 past their clock.\n\n"
        "Decisions\n---------\n"
        "* Ask for a phone number (Ana, due 11 Mar 2026)\n"
        "  expected: fewer unreachable\n\n"
        "Leads\n-----\n"
        f"* Tom{company} (sent back, {huddle.leads.get(frozen__person='Tom').frozen['owner']}): "
        "below the definition\n"
        "  sales: student\n"
        "  marketing: free mail again\n\n"
        "Carried over to the next huddle\n-------------------------------\n"
        f"* Jan{company}\n* Mei{company}\n* Ines{company}\n"
    )
    finish_decision(decision, by=owner.actor)
    decision.refresh_from_db()
    assert decision.is_done
    task = Task.objects.get()
    assert task.done_at is not None
    assert first_broken_entry() is None


def test_the_minutes_tell_what_was_won_and_lost_with_reason_and_route(unit: BusinessUnit, runner: User) -> None:
    closed = {"unit": unit, "currency": "EUR", "amount_minor": 9_000_00, "closed_at": MONDAY, "created_at": MONDAY}
    Opportunity.objects.create(name="Meters for Halden", outcome="won", **closed)
    Opportunity.objects.create(name="Pumps", outcome="lost", loss_reason="price", **closed)
    huddle = open_huddle(unit, by=runner.actor, at=HUDDLE)
    close_huddle(huddle, by=runner.actor, at=HUDDLE)
    assert "Won\n---\n* Meters for Halden, €9,000\n  " in huddle.minutes
    assert "Lost\n----\n* Pumps, €9,000\n  Price\n" in huddle.minutes


def test_only_the_owner_or_the_runner_says_that_a_decision_is_done(unit: BusinessUnit, runner: User) -> None:
    huddle = open_huddle(unit, by=runner.actor)
    decision = add_decision(huddle, NewDecision("Call back", make_user(Role.SALES, unit=unit)), by=runner.actor)
    with pytest.raises(NotAllowedError, match="promised by"):
        finish_decision(decision, by=make_user(Role.SALES, unit=unit).actor)
    finish_decision(decision, by=runner.actor)
    assert decision.is_done


def test_sales_may_speak_but_not_run_it_and_strangers_neither(unit: BusinessUnit, runner: User) -> None:
    four_leads(unit)
    sales, stranger = make_user(Role.SALES, unit=unit), make_user(Role.MARKETING, unit=make_unit())
    with pytest.raises(NotAllowedError):
        open_huddle(unit, by=sales.actor)
    with pytest.raises(NotAllowedError):
        open_huddle(unit, by=stranger.actor)
    huddle = open_huddle(unit, by=runner.actor, at=HUDDLE)
    entry = huddle.leads.all()[0]
    dispose_lead(entry, Said("no_contact", "tried twice"), by=sales.actor)
    assert (entry.disposition, entry.sales_note, entry.disposed_by_name) == ("no_contact", "tried twice", sales.name)
    with pytest.raises(NotAllowedError):
        dispose_lead(entry, Said("good"), by=stranger.actor)
    with pytest.raises(ValueError, match="is not one of"):
        dispose_lead(entry, Said("excellent"), by=sales.actor)
    with pytest.raises(NotAllowedError):
        close_huddle(huddle, by=sales.actor)
