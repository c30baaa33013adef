"""Series of huddles: set up, changed, ended. Each change goes to the calendars of those on the roster."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction

from loopline.access.actor import Actor
from loopline.access.audit import audit, take_turn
from loopline.access.mail import Attachment, NewMail, queue_mail
from loopline.access.models import BusinessUnit, Organisation, User
from loopline.access.roles import Permission
from loopline.campaigns.models import Campaign
from loopline.huddles.changing import require_unit
from loopline.huddles.invitation import CANCEL, REQUEST, invitation
from loopline.huddles.models import HuddleSeries
from loopline.huddles.schedule import next_meeting
from loopline.lib.times import utc_now

Scope = HuddleSeries.Scope


@dataclass(frozen=True, slots=True)
class SeriesPlan:
    name: str
    begins_on: date
    begins_at: time
    roster: tuple[User, ...]
    cadence: int = HuddleSeries.Cadence.WEEKLY
    minutes: int = 30
    scope: str = Scope.UNIT
    team: tuple[User, ...] = ()
    campaign: Campaign | None = None

    def check(self, unit: BusinessUnit) -> None:
        """ValidationError for a meeting without people, or about nobody."""
        if not 10 <= self.minutes <= 120:
            raise ValidationError({"minutes": "Between 10 and 120 minutes."})
        if not self.roster:
            raise ValidationError({"roster": "Choose who comes."})
        if self.scope == Scope.TEAM and not self.team:
            raise ValidationError({"team": "Choose whose leads it is about."})
        if self.scope == Scope.PARTNER and self.campaign is None:
            raise ValidationError({"campaign": "Choose the partner's campaign."})
        if self.campaign is not None and self.campaign.unit_id != unit.pk:
            raise ValidationError({"campaign": "That campaign belongs to another business unit."})
        for user in (*self.roster, *self.team):
            if not user.actor.covers_unit(unit.pk):
                raise ValidationError(f"{user.name} does not work for {unit}. Choose someone who does.")
            if not user.actor.may(Permission.SEE_HUDDLE):
                raise ValidationError(f"{user.name} may not see huddles. Choose someone of marketing or sales.")


@transaction.atomic
def start_series(unit: BusinessUnit, plan: SeriesPlan, *, by: Actor, at: datetime | None = None) -> HuddleSeries:
    """A new series; everybody on its roster is invited."""
    by.require(Permission.RUN_HUDDLE)
    at = at or utc_now()
    take_turn()
    require_unit(by, unit)
    plan.check(unit)
    series = HuddleSeries(unit=unit, created_at=at)
    _put(series, plan)
    audit(by, "start_huddle_series", series, at=at, **_said(series))
    _tell(series, readers(series), REQUEST, at)
    return series


@transaction.atomic
def change_series(series: HuddleSeries, plan: SeriesPlan, *, by: Actor, at: datetime | None = None) -> None:
    """Another time, place in the week, length or roster; calendars get the update, who left it the cancellation."""
    by.require(Permission.RUN_HUDDLE)
    at = at or utc_now()
    _lock(series, by)
    plan.check(series.unit)
    before, guests = _said(series), set(series.roster.all())
    series.sequence += 1
    _put(series, plan)
    audit(by, "change_huddle_series", series, at=at, before=before, after=_said(series))
    _tell(series, readers(series), REQUEST, at)
    _tell(series, guests - set(series.roster.all()), CANCEL, at)


@transaction.atomic
def end_series(series: HuddleSeries, *, by: Actor, at: datetime | None = None) -> None:
    """No more meetings; twice changes nothing."""
    by.require(Permission.RUN_HUDDLE)
    at = at or utc_now()
    _lock(series, by)
    if not series.is_active:
        return
    series.is_active, series.sequence = False, series.sequence + 1
    series.save(update_fields=["is_active", "sequence"])
    audit(by, "end_huddle_series", series, at=at)
    _tell(series, series.roster.all(), CANCEL, at)


def may_read(user: User, unit: BusinessUnit) -> bool:
    """Does this user see the huddles of the unit now? Roles and units change after somebody came onto a roster."""
    return user.is_active and user.actor.may(Permission.SEE_HUDDLE) and user.actor.covers_unit(unit.pk)


def readers(series: HuddleSeries) -> list[User]:
    """Those on the roster who may still read what the huddle is about: it names buyers and deals."""
    return [user for user in series.roster.all() if may_read(user, series.unit)]


def next_meeting_of(series: HuddleSeries, after: datetime) -> datetime:
    zone = Organisation.current().time_zone
    return next_meeting(series.begins_on, series.begins_at, int(series.cadence), zone, after)


def _lock(series: HuddleSeries, by: Actor) -> None:
    take_turn()
    series.refresh_from_db(from_queryset=HuddleSeries.objects.select_for_update())
    require_unit(by, series.unit)


def _put(series: HuddleSeries, plan: SeriesPlan) -> None:
    for name in ("name", "begins_on", "begins_at", "cadence", "minutes", "scope"):
        setattr(series, name, getattr(plan, name))
    series.campaign = plan.campaign if plan.scope == Scope.PARTNER else None
    series.save()
    series.roster.set(plan.roster)
    series.team.set(plan.team if plan.scope == Scope.TEAM else ())


def _said(series: HuddleSeries) -> dict[str, object]:
    return {
        "name": series.name,
        "begins": f"{series.begins_on} {series.begins_at:%H:%M}",
        "cadence": int(series.cadence),
        "minutes": series.minutes,
        "scope": series.scope,
        "roster": sorted(series.roster.values_list("email", flat=True)),
    }


def _tell(series: HuddleSeries, users: Iterable[User], method: str, at: datetime) -> None:
    address = f"{settings.BASE_URL}/huddles/?series={series.pk}"
    calendar = Attachment(
        "huddle.ics",
        f"text/calendar; method={method}; charset=utf-8",
        invitation(series, address, method=method, at=at),
    )
    words = "is off" if method == CANCEL else "is on" if series.sequence == 0 else "has changed"
    subject = f"{series.name} {words}"
    when = f"{series.get_cadence_display()}, {series.begins_at:%H:%M}, {series.minutes} minutes"
    text = f"{subject}.\n\n{when}.\n{address}\n"
    for user in users:
        key = f"huddle-invitation/{series.pk}/{series.sequence}/{method.lower()}/{user.pk}"
        queue_mail(NewMail(key, user, subject, text, attachments=(calendar,)), at=at)
