"""News that did not arrive: who was to hear what, why they did not, and have it tried again."""

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from loopline.access.roles import Permission
from loopline.leads.undelivered import LOOKS_BACK, deliver_again
from loopline.leads.undelivered import undelivered as found_now
from loopline.web.access import PageRequest, allow


@allow(Permission.ADMINISTER)
def undelivered(request: PageRequest) -> HttpResponse:
    context = {"found": found_now(), "days": LOOKS_BACK.days, "sends_mail": settings.SENDS_MAIL}
    return render(request, "settings/undelivered.html", context)


@require_POST
@allow(Permission.ADMINISTER)
def undelivered_again(request: PageRequest) -> HttpResponse:
    try:
        deliver_again(request.POST.get("kind", ""), request.POST.get("id", ""), by=request.actor)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, "It is tried again within a minute.")
    return redirect("undelivered")
