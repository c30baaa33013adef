"""Series: who comes, about whom, how often; calendars that learn every change under the same name."""

from base64 import b64decode
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from icalendar import Calendar

from loopline.access.actor import NotAllowedError
from loopline.access.models import BusinessUnit, Mail, Organisation, User
from loopline.access.roles import Role
from loopline.huddles.actions import close_huddle, dispose_quiet, open_huddle
from loopline.huddles.brief import send_briefs
from loopline.huddles.changing import HuddleStateError
from loopline.huddles.decisions import Measure, NewDecision, add_decision
from loopline.huddles.listing import Meeting, leads_to_discuss
from loopline.huddles.models import Huddle, HuddleSeries
from loopline.huddles.series import SeriesPlan, change_series, end_series, start_series
from tests.make import make_campaign, make_unit, make_user, signed_in
from tests.make_leads import make_handed_over_lead

pytestmark = pytest.mark.django_db
TUESDAY = date(2026, 3, 3)


@pytest.fixture
def unit() -> BusinessUnit:
    Organisation.objects.update_or_create(pk=1, defaults={"name": "Halden", "time_zone": "Europe/Oslo"})
    return make_unit("Nordics")


@pytest.fixture
def runner(unit: BusinessUnit) -> User:
    return make_user(Role.MARKETING, unit=unit, name="Mara")


def plan_of(*roster: User, **more: object) -> SeriesPlan:
    return SeriesPlan("Weekly huddle", TUESDAY, time(9, 30), roster, **more)  # type: ignore[arg-type]


def calendar_in(mail: Mail) -> Calendar:
    return Calendar.from_ical(b64decode(mail.attachments[0]["content"]))  # type: ignore[return-value]


def event_in(mail: Mail) -> dict[str, str]:
    [event] = calendar_in(mail).walk("VEVENT")
    return {name: str(event[name]) for name in ("UID", "SEQUENCE", "SUMMARY", "STATUS")}


def test_everybody_on_the_roster_is_invited_to_what_repeats(unit: BusinessUnit, runner: User) -> None:
    guest = make_user(Role.SALES, unit=unit, name="Ana")
    start_series(unit, plan_of(runner, guest, cadence=2), by=runner.actor)
    mails = Mail.objects.order_by("to__name")
    assert [mail.to.name for mail in mails] == ["Ana", "Mara"]
    calendar = calendar_in(mails[0])
    [event] = calendar.walk("VEVENT")
    assert event["RRULE"]["INTERVAL"] == [2]
    assert event.decoded("DTSTART").isoformat() == "2026-03-03T09:30:00+01:00"
    assert calendar["METHOD"] == "REQUEST"
    assert len(event["ATTENDEE"]) == 2
    assert calendar.walk("VTIMEZONE"), "calendars elsewhere know when summer begins there"


def test_a_change_keeps_the_uid_and_grows_the_sequence_and_who_left_hears_it(unit: BusinessUnit, runner: User) -> None:
    guest = make_user(Role.SALES, unit=unit, name="Ana")
    series = start_series(unit, plan_of(runner, guest), by=runner.actor)
    before = event_in(Mail.objects.get(to=runner))
    change_series(series, replace(plan_of(runner), begins_at=time(10)), by=runner.actor)
    after = event_in(Mail.objects.get(to=runner, key__contains="/1/"))
    assert (after["UID"], after["SEQUENCE"]) == (before["UID"], "1")
    gone = Mail.objects.get(to=guest, key__contains="/1/")
    assert calendar_in(gone)["METHOD"] == "CANCEL"
    assert event_in(gone)["STATUS"] == "CANCELLED"
    end_series(series, by=runner.actor)
    end_series(series, by=runner.actor)
    assert Mail.objects.filter(to=runner).count() == 3


def test_a_meeting_without_people_about_nobody_or_with_strangers_is_refused(unit: BusinessUnit, runner: User) -> None:
    stranger = make_user(Role.SALES, unit=make_unit())
    elsewhere = make_campaign(make_unit())
    for wrong in (
        plan_of(),
        plan_of(runner, minutes=5),
        plan_of(runner, scope="team"),
        plan_of(runner, scope="partner"),
        plan_of(runner, scope="partner", campaign=elsewhere),
        plan_of(runner, stranger),
    ):
        with pytest.raises(ValidationError):
            start_series(unit, wrong, by=runner.actor)
    with pytest.raises(NotAllowedError):
        start_series(unit, plan_of(runner), by=stranger.actor)
    assert not HuddleSeries.objects.exists()


def test_a_series_of_a_team_talks_about_its_leads_only_beside_that_of_the_unit(
    unit: BusinessUnit, runner: User
) -> None:
    ours, owner = make_handed_over_lead(unit, name="Ours")
    owner.takes_leads = False
    owner.save()
    theirs, _ = make_handed_over_lead(unit, name="Theirs")
    assert theirs.owner != owner
    team = start_series(unit, plan_of(runner, scope="team", team=(owner,)), by=runner.actor)
    whole = start_series(unit, replace(plan_of(runner), name="All"), by=runner.actor)
    first = open_huddle(unit, series=team, by=runner.actor)
    assert [entry.lead for entry in first.leads.all()] == [ours]
    second = open_huddle(unit, series=whole, by=runner.actor)
    assert second.leads.count() == 2
    with pytest.raises(HuddleStateError, match="All is open since"):
        open_huddle(unit, series=whole, by=runner.actor)


def test_a_series_takes_up_where_single_huddles_of_the_unit_ended(unit: BusinessUnit, runner: User) -> None:
    single = open_huddle(unit, by=runner.actor)
    close_huddle(single, by=runner.actor)
    series = start_series(unit, plan_of(runner), by=runner.actor)
    assert Meeting(unit, series).since() == single.opened_at


def test_the_brief_goes_out_once_to_everybody_with_figures_against_last_time(
    unit: BusinessUnit, runner: User, store: object
) -> None:
    lead, owner = make_handed_over_lead(unit, name="Ines <script>")
    series = start_series(unit, plan_of(runner, owner), by=runner.actor)
    Mail.objects.all().delete()
    morning = datetime(2026, 3, 3, 6, 0, tzinfo=UTC)
    assert send_briefs(at=morning - timedelta(hours=3)) == 0
    assert send_briefs(at=morning) == 2
    assert send_briefs(at=morning + timedelta(minutes=5)) == 0
    mail = Mail.objects.filter(to=runner).get()
    assert "Handed over: 0" in mail.text
    assert "What spoils the figures" in mail.text
    assert "No events in the last 28 days" in mail.html
    assert str(series.pk) in mail.text
    assert lead.unit == unit


def test_a_huddle_of_sixty_hand_overs_and_twelve_people_leaves_nobody_out(unit: BusinessUnit, runner: User) -> None:
    people = [make_user(Role.SALES, unit=unit, takes_leads=True) for _ in range(11)]
    for number in range(60):
        make_handed_over_lead(unit, name=f"Buyer {number}")
    series = start_series(unit, plan_of(runner, *people), by=runner.actor)
    huddle = open_huddle(unit, series=series, by=runner.actor)
    client = signed_in(runner)
    assert huddle.leads.count() == 60
    loud = [entry for entry in huddle.leads.all() if entry.is_exception]
    for entry in loud:
        said = {"disposition": "no_contact", "sales_note": "called twice"}
        client.post(reverse("huddle_lead", args=[huddle.pk, entry.place]), said)
    client.post(reverse("huddle_quiet", args=[huddle.pk]))
    assert huddle.leads.filter(disposition="").count() == 0
    decision = NewDecision("Ask for a phone number", people[0], TUESDAY + timedelta(days=7), "fewer unreachable")
    add_decision(huddle, decision, by=runner.actor)
    page = client.post(reverse("huddle_close", args=[huddle.pk]), follow=True).content.decode()
    assert "Minutes of" in page
    huddle.refresh_from_db()
    assert huddle.minutes.count("\n* Buyer") == 60
    minutes = Mail.objects.filter(key__startswith=f"huddle-minutes/{huddle.pk}")
    assert minutes.count() == 12, "in the same moment"
    [todo] = calendar_in(minutes[0]).walk("VTODO")
    assert todo["SUMMARY"] == "Ask for a phone number"


def test_the_quiet_ones_are_on_track_in_one_go_and_a_salesperson_may_not(unit: BusinessUnit, runner: User) -> None:
    _, owner = make_handed_over_lead(unit)
    huddle = open_huddle(unit, by=runner.actor)
    assert signed_in(owner).post(reverse("huddle_quiet", args=[huddle.pk])).status_code == 403
    quiet = sum(not one.reasons for one in leads_to_discuss(Meeting(unit), huddle.opened_at))
    assert dispose_quiet(huddle, by=runner.actor) <= huddle.leads.count()
    assert huddle.leads.filter(disposition="on_track").count() >= quiet


def test_pages_of_series_are_for_those_who_run_huddles_of_the_unit(unit: BusinessUnit, runner: User) -> None:
    series = start_series(unit, plan_of(runner), by=runner.actor)
    addresses = [
        reverse("huddle_series_new", args=[unit.pk]),
        reverse("huddle_series", args=[series.pk]),
        reverse("huddle_series_end", args=[series.pk]),
    ]
    sales = signed_in(make_user(Role.SALES, unit=unit))
    stranger = signed_in(make_user(Role.MARKETING, unit=make_unit()))
    for address in addresses:
        assert sales.post(address).status_code == 403
        assert stranger.post(address).status_code == 404
    client = signed_in(runner)
    said = {"name": "Partners", "begins_on": "2026-03-05", "begins_at": "14:00", "minutes": "45", "cadence": "4",
            "scope": "unit", "roster": [str(runner.pk)]}  # fmt: skip
    assert client.post(addresses[0], said | {"minutes": "500"}).status_code == 422
    assert client.post(addresses[0], said).status_code == 302
    assert client.post(addresses[1], said | {"name": "Renamed"}).status_code == 302
    series.refresh_from_db()
    assert (series.name, series.cadence, series.minutes) == ("Renamed", 4, 45)
    page = client.get(reverse("huddles")).content.decode()
    assert "Renamed" in page
    opened = client.post(reverse("huddle_open", args=[unit.pk]), {"series": str(series.pk)})
    assert opened.status_code == 302
    assert Huddle.objects.get().minutes_available == 45


def test_who_lost_the_unit_or_the_right_reads_neither_brief_nor_minutes(
    unit: BusinessUnit, runner: User, store: object
) -> None:
    moved, promoted = make_user(Role.SALES, unit=unit, name="Ana"), make_user(Role.SALES, unit=unit, name="Ben")
    with pytest.raises(ValidationError, match="may not see huddles"):
        start_series(unit, plan_of(runner, make_user(Role.FINANCE, unit=unit)), by=runner.actor)
    series = start_series(unit, plan_of(runner, moved, promoted), by=runner.actor)
    moved.units.set([make_unit("Iberia")])
    User.objects.filter(pk=promoted.pk).update(role=Role.FINANCE.value)
    Mail.objects.all().delete()
    assert send_briefs(at=datetime(2026, 3, 3, 6, 0, tzinfo=UTC)) == 1
    huddle = open_huddle(unit, series=series, by=runner.actor)
    close_huddle(huddle, carry_over=True, by=runner.actor)
    assert {mail.to for mail in Mail.objects.all()} == {runner}
    single = open_huddle(unit, by=runner.actor)
    foreign = NewDecision("Call first", runner, measure=Measure("accepted", 10, control_unit=make_unit("Benelux")))
    with pytest.raises(NotAllowedError, match="may not compare"):
        add_decision(single, foreign, by=runner.actor)
