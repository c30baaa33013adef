"""Count · dashboards: one per role, and the wall screen. All of them show reports, none has figures of its own."""

from itertools import islice

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from loopline.access.books import books_for
from loopline.access.roles import Permission
from loopline.lib.times import utc_now
from loopline.reports.address import Usual, options_said, read_address
from loopline.reports.charts.bundle import version
from loopline.reports.options import OptionError
from loopline.reports.periods import named_periods
from loopline.web.access import PageRequest, allow
from loopline.web.dashboards import DASHBOARDS, OF_ROLE, WALL, one_moment, shown
from loopline.web.report_pages import refusal

USUAL = Usual({}, "")
NOW = "now"
"""What the address says of the moment where figures that took long are wanted anew."""
ASKED = ("period", "from", "to", "unit", "as_of", "compare")


@require_GET
@allow(Permission.SEE_REPORTS)
def dashboards(request: PageRequest) -> HttpResponse:
    """The one of one's own role."""
    return redirect("dashboard", OF_ROLE[request.actor.role])


@require_GET
@allow(Permission.SEE_REPORTS)
def dashboard(request: PageRequest, key: str) -> HttpResponse:
    """What a role looks at first."""
    if key not in DASHBOARDS:
        raise Http404(f"There is no dashboard “{key}”.")
    found, books, today = DASHBOARDS[key], books_for(request.actor), timezone.localdate()
    said = {name: value for name, value in options_said(request.GET).items() if name in ASKED}
    page = {
        "dashboard": found,
        "dashboards": DASHBOARDS.values(),
        "periods": named_periods(today),
        "units": books.units,
        "whose": books.whose,
        "query": said,
        "said": said,
        "takes": ASKED,
        "page_is": "dashboard",
        "currency": books.currency,
    }
    try:
        asked = read_address(said, books, today, USUAL)
    except OptionError as error:
        return render(request, "reports/dashboard.html", page | refusal(error), status=400)
    with one_moment(now=request.GET.get("moment") == NOW) as moment:
        tiles = shown(found.tiles, said, books, today, moment)
    charts = {one.place: one.chart for one in tiles if one.chart}
    return render(
        request,
        "reports/dashboard.html",
        page
        | {
            "asked": asked,
            "options": asked.options,
            "figures_as_of": next((one.result.as_of for one in tiles if one.result), None),
            "tiles": tiles,
            "moment": moment,
            "now": NOW,
            "charts": charts,
            "charts_version": version() if charts else "",
        },
    )


@require_GET
@allow(Permission.SEE_REPORTS)
def wall(request: PageRequest) -> HttpResponse:
    """The loop today, to be read across a room; it asks again by itself."""
    books, today = books_for(request.actor), timezone.localdate()
    with one_moment() as moment:
        every = [tile for _, tiles in WALL for tile in tiles]
        found = iter(shown(every, {}, books, today, moment))
    stations = [(name, list(islice(found, len(tiles)))) for name, tiles in WALL]
    at = moment.at if moment and not moment.is_now else utc_now()
    shown_there = {"stations": stations, "currency": books.currency, "at": at, "whose": books.whose}
    return render(request, "reports/wall.html", shown_there)
