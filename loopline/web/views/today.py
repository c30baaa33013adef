"""Today: what waits for the person who looks, and how the loop does this month."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from loopline.access.books import books_for
from loopline.access.roles import Permission
from loopline.reports.metric import METRICS
from loopline.reports.options import Options
from loopline.reports.run import run_report
from loopline.store.current import engine
from loopline.web.access import PageRequest, allow
from loopline.web.first_steps import first_steps
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
    now = timezone.localdate()
    books = books_for(request.actor)
    result = run_report("closed-loop", Options(first=now.replace(day=1), last=now), engine(), books)
    figures = [(METRICS[key], result.totals.values.get(key)) for key in SHOWN if key in METRICS]
    shown = {"figures": figures, "result": result, "currency": books.currency}
    return render(request, "today/figures.html", shown)
