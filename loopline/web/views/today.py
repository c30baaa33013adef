"""Today: what waits for the person who looks, and how the loop does this month."""

from django.http import HttpResponse
from django.shortcuts import render

from loopline.web.access import PageRequest, allow
from loopline.web.first_steps import first_steps
from loopline.web.waiting_today import waiting_for


@allow()
def today(request: PageRequest) -> HttpResponse:
    shown = {"waiting_lists": waiting_for(request.actor), "steps": first_steps(request.actor)}
    return render(request, "today/today.html", shown)
