"""A redirecting short link: `/l/<code>`, open to everyone."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from loopline.campaigns.short_links import SOURCE_ID, Click, find_link, record_click, short_address
from loopline.web.floods import Flood, limited

CLICKS = Flood(SOURCE_ID, rate=2, burst_s=120)


@never_cache
@require_safe
@limited(CLICKS)
def short_link(request: HttpRequest, code: str) -> HttpResponse:
    """Send on to the stored address, and only there, once the click is on disk; on trouble all the same."""
    link = find_link(code)
    if link is None:
        raise Http404(f"There is no short link {code}.")
    if request.method == "GET" and not is_prefetch(request):
        record_click(settings.CONFIG.data, link, short_address(settings.CONFIG.base_url, link), click_of(request))
    response = HttpResponseRedirect(link.url)
    # The page it leads to should learn where the link stood, as if it had stood there itself.
    response.headers["Referrer-Policy"] = "strict-origin-when-cross-origin"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def click_of(request: HttpRequest) -> Click:
    """What the request shows of who follows a link."""
    said = request.headers
    return Click(
        user_agent=said.get("User-Agent", ""),
        referrer=said.get("Referer", ""),
        ip=request.META.get("REMOTE_ADDR", ""),
        is_opted_out=said.get("Sec-GPC") == "1" or said.get("DNT") == "1",
    )


def is_prefetch(request: HttpRequest) -> bool:
    """A browser that fetches ahead: nobody has clicked yet."""
    said = (request.headers.get(name, "") for name in ("Sec-Purpose", "Purpose", "X-Moz"))
    return any("prefetch" in one.lower() for one in said)
