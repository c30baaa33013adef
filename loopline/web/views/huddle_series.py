"""Before the huddle: the next one with its list so far, the series it belongs to, and the minutes of those before."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from loopline.access.actor import NotAllowedError
from loopline.access.models import BusinessUnit
from loopline.access.roles import Permission
from loopline.huddles.actions import meeting_of, open_huddle, prepare
from loopline.huddles.changing import HuddleStateError
from loopline.huddles.health import health
from loopline.huddles.known import known_lately
from loopline.huddles.listing import Meeting
from loopline.huddles.models import Decision, HuddleSeries
from loopline.huddles.series import change_series, end_series, next_meeting_of, start_series
from loopline.lib.times import utc_now
from loopline.web.access import PageRequest, allow
from loopline.web.forms.huddle import SeriesForm
from loopline.web.huddle_card import decisions_before, figures_shown, preview_cards

MINUTES_SHOWN = 30
DECISIONS_SHOWN = 20


@allow(Permission.SEE_HUDDLE)
def huddles(request: PageRequest) -> HttpResponse:
    """The next huddle with its list so far, the open one, and the minutes of those before."""
    units = BusinessUnit.objects.visible_to(request.actor)
    every = list(HuddleSeries.objects.visible_to(request.actor).filter(is_active=True).select_related("unit"))
    series = next((one for one in every if str(one.pk) == request.GET.get("series")), None)
    unit = series.unit if series else next((one for one in units if str(one.pk) == request.GET.get("unit")), None)
    unit = unit or units.first()
    own = [one for one in every if one.unit == unit]
    if series is None and own:
        series = own[0]
    context: dict[str, Any] = {"units": units, "unit": unit, "series": series, "every_series": own,
                               "can_run": request.actor.may(Permission.RUN_HUDDLE)}  # fmt: skip
    return render(request, "huddle/huddles.html", context | (_about(Meeting(unit, series)) if unit else {}))


def _about(meeting: Meeting) -> dict[str, Any]:
    now = utc_now()
    running = meeting.held().filter(closed_at__isnull=True).first()
    past = meeting.held().filter(closed_at__isnull=False)[:MINUTES_SHOWN]
    shared: dict[str, Any] = {
        "running": running,
        "past": past,
        "health": health(meeting.unit, now),
        "measured": _measured(meeting),
    }
    if meeting.series is not None:
        shared["next_at"] = next_meeting_of(meeting.series, now)
    return shared | ({} if running else _preview(meeting_of(meeting.unit, meeting.series)))


def _measured(meeting: Meeting) -> QuerySet[Decision]:
    """Decisions of the unit that said how they would be seen to work, newest first."""
    decided = Decision.objects.filter(unit=meeting.unit).exclude(outcome="")  # public: the unit was found for the actor
    return decided.select_related("owner").prefetch_related("reviews").order_by("-created_at")[:DECISIONS_SHOWN]


def _preview(meeting: Meeting) -> dict[str, Any]:
    now = utc_now()
    ready = prepare(meeting, now, known_lately(meeting, now))
    last = meeting.last()
    return {
        "cards": preview_cards(ready.listed, now),
        "since": meeting.since(now),
        "snapshot": ready.snapshot,
        "figures": figures_shown(ready.snapshot, last.snapshot if last else {}),
        "promises": decisions_before(meeting.unit, None),
    }


@allow(Permission.RUN_HUDDLE)
@require_POST
def huddle_open(request: PageRequest, unit_id: UUID) -> HttpResponse:
    unit = get_object_or_404(BusinessUnit.objects.visible_to(request.actor), pk=unit_id)
    every = HuddleSeries.objects.visible_to(request.actor).filter(unit=unit, is_active=True)
    series = next((one for one in every if str(one.pk) == request.POST.get("series")), None)
    try:
        opened = open_huddle(unit, series=series, by=request.actor)
    except HuddleStateError as error:
        messages.error(request, str(error))
        return redirect("huddles")
    return redirect("huddle", opened.pk)


@allow(Permission.RUN_HUDDLE)
def huddle_series_new(request: PageRequest, unit_id: UUID) -> HttpResponse:
    """A meeting that repeats: who comes, about whom, how often, for how long."""
    unit = get_object_or_404(BusinessUnit.objects.visible_to(request.actor), pk=unit_id)
    form = SeriesForm(request.POST or None, unit=unit)
    if request.method == "POST" and form.is_valid():
        try:
            series = start_series(unit, form.plan, by=request.actor)
        except ValidationError as error:
            form.take_errors(error)
        else:
            messages.success(request, "Set up. Everybody on the roster gets the invitation by mail.")
            return redirect(f"/huddles/?series={series.pk}")
    return render(request, "huddle/series.html", {"form": form, "unit": unit}, status=422 if form.errors else 200)


@allow(Permission.RUN_HUDDLE)
def huddle_series(request: PageRequest, series_id: UUID) -> HttpResponse:
    series = get_object_or_404(HuddleSeries.objects.visible_to(request.actor).select_related("unit"), pk=series_id)
    form = SeriesForm(request.POST or None, unit=series.unit, series=series)
    if request.method == "POST" and form.is_valid():
        try:
            change_series(series, form.plan, by=request.actor)
        except (ValidationError, NotAllowedError) as error:
            form.take_errors(error if isinstance(error, ValidationError) else ValidationError(str(error)))
        else:
            messages.success(request, "Changed. Calendars get the update.")
            return redirect(f"/huddles/?series={series.pk}")
    context = {"form": form, "unit": series.unit, "series": series}
    return render(request, "huddle/series.html", context, status=422 if form.errors else 200)


@allow(Permission.RUN_HUDDLE)
@require_POST
def huddle_series_end(request: PageRequest, series_id: UUID) -> HttpResponse:
    series = get_object_or_404(HuddleSeries.objects.visible_to(request.actor), pk=series_id)
    end_series(series, by=request.actor)
    messages.success(request, "Ended. Calendars get the cancellation; the minutes stay.")
    return redirect("huddles")
