"""The search behind the command palette."""

from django.http import JsonResponse

from loopline.web.access import PageRequest, allow
from loopline.web.search import find_records


@allow()
def find(request: PageRequest) -> JsonResponse:
    """Up to five records of each kind whose name contains all words of `q`."""
    found = find_records(request.GET.get("q", ""), request.actor)
    return JsonResponse(
        {"found": [{"group": one.group, "label": one.label, "second": one.second, "url": one.url} for one in found]}
    )
