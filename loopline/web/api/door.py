"""The door of the public REST API, `/api/v1/…`. What is behind it is loaded when somebody first knocks: django-ninja
and pydantic take time and memory that nobody needs to spend who does not ask the API.

Who asks is told by an access token alone: cookies mean nothing here, so no other site can ask with a visitor's. No page
of another origin may read an answer (there is no CORS header), and nothing can be changed.
"""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.gzip import gzip_page

from loopline.web.floods import Flood, limited

CALLS = Flood("api", rate=50, burst_s=10)
"""From one network, whoever asks; each token has a bucket of its own besides (`api.bearer`)."""


@csrf_exempt
@gzip_page
@limited(CALLS)
def api(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Everything below `/api/v1/` that is asked with an access token."""
    from loopline.web.api.endpoints import answer

    return answer(request, rest)
