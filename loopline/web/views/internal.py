"""What the command line asks the running server."""

from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from loopline.lib.times import parse_moment
from loopline.people.emails import InvalidEmailError, normalise
from loopline.reports.visits.arrivals import Wanted, arrivals
from loopline.store.current import engine
from loopline.store.engine import StoreError
from loopline.web.internal import for_commands, plain_json

THE_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@require_GET
@for_commands
def internal_events(request: HttpRequest) -> HttpResponse:
    """Events as the store has them, newest first."""
    asked = request.GET
    try:
        wanted = Wanted(
            since=parse_moment(asked["since"]) if "since" in asked else THE_BEGINNING,
            event_id=asked.get("message_id", ""),
            email=normalise(asked["person"]) if "person" in asked else "",
            most=int(asked.get("limit", "50")),
        )
    except (ValueError, InvalidEmailError) as error:
        return plain_json({"error": str(error)}, status=400)
    try:
        return plain_json({"events": arrivals(engine(), wanted)})
    except StoreError as error:
        return plain_json({"error": str(error)}, status=503)
