"""Scorecards: one's own, the comparison with others whom one may see, and the page behind the link in the mail."""

from collections.abc import Sequence
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_GET

from loopline.access.models import BusinessUnit
from loopline.access.one_time_links import LinkNotValidError
from loopline.access.roles import Permission
from loopline.huddles.scorecard import LOOK_BACK, compared, handed_to, partner_cards, scorecard, visible_people
from loopline.huddles.scorecard_mail import find_card
from loopline.leads.clocks import terms_of
from loopline.leads.models import Lead
from loopline.lib.times import utc_now
from loopline.store.engine import StoreError
from loopline.web.access import PageRequest, allow


@allow(Permission.SEE_HUDDLE)
@require_GET
def scorecards(request: PageRequest) -> HttpResponse:
    """The last 90 days of a unit, as far as the reader may see them."""
    units = BusinessUnit.objects.visible_to(request.actor)
    unit = next((one for one in units if str(one.pk) == request.GET.get("unit")), None) or units.first()
    context: dict[str, object] = {"units": units, "unit": unit}
    if unit is not None:
        now = utc_now()
        people = list(visible_people(request.actor, unit).order_by("name", "pk"))
        handed = list(handed_to(unit, now - LOOK_BACK, now))
        cards = [(one, scorecard(lead for lead in handed if lead.owner_id == one.pk)) for one in people]
        context |= {
            "funnel": compared(unit, people, now - LOOK_BACK, now),
            "cards": [(one, card) for one, card in cards if card.handed_over],
            "sees": terms_of(unit).get_sees_display(),
            **_partners(unit, handed, now),
        }
    return render(request, "huddle/scorecards.html", context)


def _partners(unit: BusinessUnit, handed: Sequence[Lead], at: datetime) -> dict[str, object]:
    """What became of the leads that partners brought; they belong to no person, so everybody of the unit sees them."""
    try:
        return {"partners": partner_cards(unit, handed, at)}
    except StoreError as error:
        return {"trouble": f"Partners are not shown: the event store did not answer ({error})."}


@require_GET
def scorecard_link(request: HttpRequest, token: str) -> HttpResponse:
    try:
        card = find_card(token)
    except LinkNotValidError as error:
        return render(request, "huddle/homework_not_valid.html", {"message": str(error)}, status=404)
    response = render(request, "huddle/scorecard_link.html", {"card": card, "funnel": card.place})
    add_never_cache_headers(response)
    return response
