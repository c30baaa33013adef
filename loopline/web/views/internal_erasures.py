"""Erasures for the command line, which asks the running server."""

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from loopline.access.actor import SYSTEM, NotAllowedError
from loopline.privacy.asking import EraseError
from loopline.privacy.telling import asked, looked_at, told_again, told_erasure
from loopline.store.current import engine
from loopline.store.engine import StoreError
from loopline.web.internal import for_commands, plain_json


@require_GET
@for_commands
def internal_erase_preview(request: HttpRequest) -> HttpResponse:
    """What would go of a person; with `again`, whom a restored backup brought back."""
    try:
        if "again" in request.GET:
            return plain_json(told_again(settings.CONFIG.data))
        return plain_json(looked_at(request.GET.get("person", ""), engine(), SYSTEM))
    except (EraseError, NotAllowedError) as error:
        return plain_json({"error": str(error)}, status=400)
    except StoreError as error:
        return plain_json({"error": str(error)}, status=503)


@csrf_exempt
@require_POST
@for_commands
def internal_erase(request: HttpRequest) -> HttpResponse:
    try:
        return plain_json(asked(request.GET.get("person", ""), settings.CONFIG.data, SYSTEM))
    except (EraseError, NotAllowedError) as error:
        return plain_json({"error": str(error)}, status=400)


@require_GET
@for_commands
def internal_erasure(_request: HttpRequest, erasure_id: UUID) -> HttpResponse:
    return plain_json(told_erasure(erasure_id))
