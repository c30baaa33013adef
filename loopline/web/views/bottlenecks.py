"""Count · bottlenecks: where buyers get stuck, for how long, at what cost, and which sources bring good leads."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from loopline.access.books import books_for
from loopline.access.roles import Permission
from loopline.huddles.known import shown
from loopline.reports.bottlenecks import Question
from loopline.reports.bottlenecks import bottlenecks as find_bottlenecks
from loopline.reports.dimension import DIMENSIONS
from loopline.reports.options import Books, OptionError, Options
from loopline.reports.periods import named_period, named_periods
from loopline.reports.source_quality import source_quality
from loopline.store.current import engine
from loopline.web.access import PageRequest, allow
from loopline.web.huddle_screen import stages_of

USUAL_PERIOD = "last_12_months"
"""Later stages need months to be judged."""
SOURCES = ("channel", "campaign", "source", "landing_page", "content")


@allow(Permission.SEE_REPORTS)
@require_GET
def bottlenecks(request: PageRequest) -> HttpResponse:
    books = books_for(request.actor)
    try:
        context = _answer(request, books)
    except OptionError as error:
        context = {"trouble": str(error)}
    shared = {
        "periods": named_periods(timezone.localdate()),
        "units": books.units,
        "dimensions": {key: DIMENSIONS[key].label for key in SOURCES if key in DIMENSIONS},
    }
    return render(request, "reports/bottlenecks.html", shared | context, status=400 if "trouble" in context else 200)


def _answer(request: PageRequest, books: Books) -> dict[str, Any]:
    name = request.GET.get("period") or USUAL_PERIOD
    period = named_period(name, timezone.localdate())
    unit, by = request.GET.get("unit", ""), request.GET.get("by") or "channel"
    if period is None:
        raise OptionError(f"There is no period “{name}”. Choose one above.")
    if by not in SOURCES:
        raise OptionError(f"There is no kind of source “{by}”. Choose one above.")
    units = frozenset({unit}) if unit else None
    options = Options(first=period.first, last=period.last, by=by, unit_ids=units)
    options.check(books)
    found = find_bottlenecks(Question(period.first, period.last, units), engine(), books)
    worst = found.bottleneck
    return {
        "period": period,
        "unit": unit,
        "by": by,
        "found": found,
        "worst": worst,
        "stages": stages_of(shown(found), found.as_of, request.actor),
        "quality": source_quality(options, engine(), books),
    }
