"""Today: what waits for the person who looks, and how the loop does this month."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from loopline.access.books import books_for
from loopline.access.roles import Permission
from loopline.reports.catalogue import REPORTS
from loopline.reports.metric import METRICS
from loopline.reports.options import Options
from loopline.reports.periods import DAY, Period, month_start, period_before
from loopline.reports.run import run_report
from loopline.store.current import engine
from loopline.web.access import PageRequest, allow
from loopline.web.first_steps import first_steps
from loopline.web.report_pages import Opening
from loopline.web.report_words import changes
from loopline.web.waiting_today import waiting_for

SHOWN = ("leads", "opportunities", "won", "revenue_minor", "cost_minor", "romi")


@allow()
def today(request: PageRequest) -> HttpResponse:
    """The figures come after the page, so that what waits is there at once."""
    shown = {
        "waiting_lists": waiting_for(request.actor),
        "steps": first_steps(request.actor),
        "has_figures": request.actor.may(Permission.SEE_REPORTS),
    }
    return render(request, "today/today.html", shown)


@allow(Permission.SEE_REPORTS)
def today_figures(request: PageRequest) -> HttpResponse:
    """A fragment of Today: the loop this month, from the closed-loop report."""
    if not request.htmx:
        return redirect("today")
    today, books = timezone.localdate(), books_for(request.actor)
    month = Period("this_month", "This month", today.replace(day=1), month_start(today, 1) - DAY)
    before = period_before(month, today)
    result = run_report("closed-loop", Options(first=month.first, last=today), engine(), books)
    earlier = run_report("closed-loop", Options(first=before.first, last=before.last), engine(), books)
    shown = {
        "figures": changes([METRICS[key] for key in SHOWN], result, earlier),
        "result": result,
        "opening": Opening(REPORTS["closed-loop"], {"from": result.first.isoformat(), "to": result.last.isoformat()}),
        "before": before,
        "currency": books.currency,
    }
    return render(request, "today/figures.html", shown)
