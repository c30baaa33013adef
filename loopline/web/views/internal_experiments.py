"""Experiments for the command line, which asks the running server."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from loopline.experiments.telling import told_experiments
from loopline.store.engine import StoreError
from loopline.web.internal import for_commands, plain_json


@require_GET
@for_commands
def internal_experiments(request: HttpRequest) -> HttpResponse:
    """What experiments show, as JSON: whoever may read the token may read the data itself."""
    try:
        return plain_json(told_experiments(request.GET.get("code", "")))
    except StoreError as error:
        return plain_json({"error": str(error)}, status=503)
