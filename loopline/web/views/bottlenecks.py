"""Count · bottlenecks: where buyers get stuck, for how long, at what cost, and which sources bring good leads."""

from dataclasses import replace
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from loopline.access.books import books_for
from loopline.access.roles import Permission
from loopline.huddles.known import shown
from loopline.reports.address import Usual, flat, read_address
from loopline.reports.bottlenecks.report import Question
from loopline.reports.bottlenecks.report import bottlenecks as find_bottlenecks
from loopline.reports.catalogue import REPORTS
from loopline.reports.dimension import DIMENSIONS
from loopline.reports.option_words import as_read, names_read
from loopline.reports.options import Books, OptionError
from loopline.reports.run import settle
from loopline.reports.source_quality import source_quality
from loopline.store.current import engine
from loopline.web.access import PageRequest, allow
from loopline.web.huddle_screen import stages_of
from loopline.web.report_pages import Opening, refusal
from loopline.web.views.reports import about, chips

SOURCES = {key: DIMENSIONS[key].label for key in ("channel", "campaign", "source", "landing_page", "content")}
USUAL = Usual(SOURCES, "channel", "last_12_months")
"""Later stages need months to be judged."""
SOURCES_REPORT = REPORTS["source-quality"]
TAKES = names_read(SOURCES_REPORT)
"""Its sources are that report, which it leads to; of all else only period, unit and as of change something."""
_LIKE_A_REPORT = replace(REPORTS["closed-loop"], by=None, reads=frozenset())


@allow(Permission.SEE_REPORTS)
@require_GET
def bottlenecks(request: PageRequest) -> HttpResponse:
    books = books_for(request.actor)
    context = chips(request, "bottlenecks", _LIKE_A_REPORT, TAKES) | {"sources": SOURCES}
    try:
        context |= _answer(request, books)
    except OptionError as error:
        context |= refusal(error)
    return render(request, "reports/bottlenecks.html", context, status=400 if "trouble" in context else 200)


def _answer(request: PageRequest, books: Books) -> dict[str, Any]:
    asked = read_address(request.GET, books, timezone.localdate(), USUAL)
    scope = settle(asked.options, engine(), books)
    options = replace(asked.options, first=scope.first, last=scope.last, as_of=scope.as_of)
    question = Question(scope.first, scope.last, options.unit_ids, as_of=scope.as_of)
    found = find_bottlenecks(question, engine(), books)
    return about(asked, scope.model) | {
        "by": options.by,
        "found": found,
        "worst": found.bottleneck,
        "stages": stages_of(shown(found), found.as_of, request.actor),
        "quality": source_quality(as_read(SOURCES_REPORT, options), engine(), books),
        "source_opening": Opening(SOURCES_REPORT, flat(request.GET)),
        "win_opening": Opening(REPORTS["buyers"], _without_by(request)),
    }


def _without_by(request: PageRequest) -> dict[str, str]:
    """What rows are here says nothing of a report that has others."""
    return {name: value for name, value in flat(request.GET).items() if name != "by"}
