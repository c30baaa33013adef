"""Every measured decision, what was expected of it and what was seen, over the years."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from loopline.access.models import BusinessUnit
from loopline.access.roles import Permission
from loopline.huddles.models import Decision
from loopline.huddles.track_record import as_expected, hits, track_record
from loopline.lib.times import utc_now
from loopline.web.access import PageRequest, allow


@allow(Permission.SEE_HUDDLE)
@require_GET
def decisions(request: PageRequest) -> HttpResponse:
    units = BusinessUnit.objects.visible_to(request.actor)
    unit = next((one for one in units if str(one.pk) == request.GET.get("unit")), None)
    found = Decision.objects.visible_to(request.actor).exclude(outcome="").filter(huddle__closed_at__isnull=False)
    if unit is not None:
        found = found.filter(unit=unit)
    years = track_record(found.select_related("owner", "unit").prefetch_related("reviews"), utc_now())
    every = [one for year in years for one in year.kept]
    context = {"years": years, "units": units, "unit": unit, "hits": hits(every), "as_expected": as_expected(every)}
    return render(request, "huddle/decisions.html", context)
