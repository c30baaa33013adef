"""Machines: what figures leave out, why, and saying of a visitor what it is."""

from datetime import timedelta

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from loopline.access.models import BusinessUnit
from loopline.access.roles import Permission
from loopline.access.visitor_verdicts import set_verdict
from loopline.lib.times import utc_now
from loopline.reports.visits.machine_score import MACHINE_FROM
from loopline.reports.visits.verdicts import Judged, judged_visitor, judged_visitors, left_out
from loopline.store.current import engine
from loopline.web.access import PageRequest, allow
from loopline.web.lately import ask, units_of

DAYS = 30


@allow(Permission.SEE_REPORTS)
def machines(request: PageRequest) -> HttpResponse:
    """What was left out lately and why; with `visitor`, the one that is asked about first."""
    units = units_of(request.actor)
    visitor = request.GET.get("visitor", "")[:200]
    since = utc_now() - timedelta(days=DAYS)
    told = ask(lambda: (left_out(engine(), since, unit_ids=units), judged_visitors(engine(), unit_ids=units)))
    one: Judged | None = None
    if visitor and not told.trouble:
        one = judged_visitor(engine(), visitor, unit_ids=units)
        if one is None:
            raise Http404
    reasons, judged = told.value or ([], [])
    context = {
        "reasons": reasons, "judged": judged, "one": one, "trouble": told.trouble, "days": DAYS,
        "machine_from": MACHINE_FROM, "can_edit": request.actor.may(Permission.EDIT_CHANNELS),
    }  # fmt: skip
    return render(request, "settings/machines.html", context)


@require_POST
@allow(Permission.EDIT_CHANNELS)
def machine_verdict(request: PageRequest) -> HttpResponse:
    """A person's word about a visitor of a unit they may see."""
    visitor = request.POST.get("visitor", "")[:200]
    found = judged_visitor(engine(), visitor, unit_ids=units_of(request.actor))
    if found is None:
        raise Http404
    unit = get_object_or_404(BusinessUnit.objects.visible_to(request.actor), pk=found.unit_id)
    verdict, note = request.POST.get("verdict", ""), request.POST.get("note", "")
    try:
        set_verdict(visitor, verdict, unit, note=note, by=request.actor)
    except ValidationError as error:
        messages.error(request, error.messages[0])
    else:
        messages.success(request, f"This visitor counts as a {verdict} from now on, with all it did before.")
    return redirect(f"{reverse('machines')}?{urlencode({'visitor': visitor})}")
