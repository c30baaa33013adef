"""Today: what waits for the person who looks."""

from django.http import HttpResponse
from django.shortcuts import render

from loopline.web.access import PageRequest, allow


@allow()
def today(request: PageRequest) -> HttpResponse:
    return render(request, "today/today.html")
