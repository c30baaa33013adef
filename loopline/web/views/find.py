"""The search behind the command palette."""

from django.http import JsonResponse

from loopline.web.access import PageRequest, allow
from loopline.web.page_search import find_pages
from loopline.web.search import find_records


@allow()
def find(request: PageRequest) -> JsonResponse:
    """Reports and other pages, and up to five records of each kind, whose name contains all words of `q`."""
    text = request.GET.get("q", "")
    found = [*find_pages(text, request.actor), *find_records(text, request.actor)]
    return JsonResponse(
        {"found": [{"group": one.group, "label": one.label, "second": one.second, "url": one.url} for one in found]}
    )
