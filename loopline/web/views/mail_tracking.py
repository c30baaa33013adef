"""What the links and the pixel of a mail lead to: `/c/<token>` and `/o/<token>.gif`, open to everyone."""

from base64 import b64decode

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from loopline.campaigns.mail_tracking import read_token, record_mail_click, record_mail_open
from loopline.collect.own import SOURCE_ID
from loopline.web.floods import Flood, limited
from loopline.web.views.short_link import click_of, is_prefetch

MAILS = Flood(SOURCE_ID, rate=10, burst_s=120)
"""Wide: the mails of a whole company are opened, and checked, from one address."""
_PIXEL = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
_NOT_OURS = "This address was not made here, or a part of it is missing."


@never_cache
@require_safe
@limited(MAILS)
def mail_click(request: HttpRequest, token: str) -> HttpResponse:
    """Send on to the address that was signed, and only there, once the click is on disk; on trouble all the same."""
    found = read_token(token)
    if found is None or not found[1]:
        raise Http404(_NOT_OURS)
    mail, url = found
    if not is_prefetch(request):
        record_mail_click(settings.CONFIG.data, mail, url, click_of(request), is_head=request.method == "HEAD")
    response = HttpResponseRedirect(url)
    # The token stays between the mail and us.
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@never_cache
@require_safe
@limited(MAILS)
def mail_open(request: HttpRequest, token: str) -> HttpResponse:
    """The dot. A mail must not show a broken picture, so whatever the token is, there is one."""
    found = read_token(token)
    if found is not None and not found[1] and request.method == "GET" and not is_prefetch(request):
        record_mail_open(settings.CONFIG.data, found[0], click_of(request))
    response = HttpResponse(_PIXEL, content_type="image/gif")
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
