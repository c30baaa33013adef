"""Reports for the command line, which asks the running server."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from loopline.access.actor import SYSTEM
from loopline.access.books import books_for
from loopline.reports.options import OptionError
from loopline.store.current import engine
from loopline.store.engine import StoreError
from loopline.web.internal import for_commands, plain_json
from loopline.web.report_for_commands import report_answer


@require_GET
@for_commands
def internal_report(request: HttpRequest) -> HttpResponse:
    """A report over all business units, as JSON: whoever may read the token may read the data itself."""
    books, key = books_for(SYSTEM), request.GET.get("key", "")
    try:
        return plain_json(report_answer(key, request.GET, SYSTEM, engine(), books))
    except OptionError as error:
        return plain_json({"error": str(error), "field": error.field}, status=400)
    except StoreError as error:
        return plain_json({"error": str(error)}, status=503)
