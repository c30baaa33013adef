"""The hosted form at `/f/<slug>`: for anyone, without JavaScript, alone or in a frame of the own sites.

No session and no cookie are used, so there is nothing a forged request could ride on; a signed token of the form
itself stands in for the CSRF token, which browsers would not send from a frame of another site.
"""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.encoding import iri_to_uri
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from loopline.access.models import Organisation
from loopline.campaigns.form_fields import HONEYPOT, FormField
from loopline.campaigns.forms import (
    UTM,
    Sent,
    SubmissionRefusedError,
    fields_of,
    is_flood,
    network_key,
    new_token,
)
from loopline.campaigns.models import Form
from loopline.leads.capture import capture_submission
from loopline.lib.text import one_line
from loopline.lib.times import utc_now
from loopline.web import collector
from loopline.web.floods import Flood, limited, uncounted
from loopline.web.middleware import content_security_policy

_EMBED = Path(__file__).resolve().parent.parent / "static" / "loopline" / "form-embed.js"
_PLACES = ("visitor", "session", "page", "referrer", *UTM)
"""What may come along about the visit, each as a hidden field `ll_…`."""


FORMS = Flood("forms", rate=1, burst_s=120)
"""Opening and sending forms; how many may be sent is limited more closely (`campaigns.forms.is_flood`)."""


@csrf_exempt
@never_cache
@xframe_options_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@limited(FORMS)
def public_form(request: HttpRequest, slug: str) -> HttpResponse:
    form = _form(slug)
    if not form.is_live:
        return _answer(request, "public/closed.html", {"form": form}, status=410)
    if request.method != "POST":
        return _show(request, form, {}, {}, _place(request.GET.dict()))
    network = network_key(request.META.get("REMOTE_ADDR", ""))
    if is_flood(network, utc_now()):
        uncounted.count(FORMS.source_id, "flood")
        uncounted.write(settings.CONFIG.data)
        return _answer(request, "public/later.html", {"form": form}, status=429, headers={"Retry-After": "600"})
    place = _place(request.POST.dict())
    try:
        capture_submission(form, request.POST.dict(), sent=_sent(request, place, network))
    except SubmissionRefusedError as refused:
        return _show(request, form, refused.values, refused.errors, place, status=422)
    return _thank(request, form)


@require_safe
def public_form_embed(_request: HttpRequest, slug: str) -> HttpResponse:
    """The script that puts the form into a page of another site: external, so that a strict policy allows it."""
    form = _form(slug)
    script = _EMBED.read_text().replace('"FORM TITLE"', json.dumps(form.title))
    headers = {"Cache-Control": "public, max-age=300", "Cross-Origin-Resource-Policy": "cross-origin"}
    return HttpResponse(script, content_type="text/javascript; charset=utf-8", headers=headers)


def _form(slug: str) -> Form:
    form = Form.objects.select_related("unit").filter(slug=slug).first()  # public: a hosted form is for anyone
    if form is None:
        raise Http404(f"there is no form at /f/{slug}")
    return form


def _place(given: dict[str, str]) -> dict[str, str]:
    """What is said about the visit: hidden fields of a sent form, utm values of the page's own address."""
    said = {name: given.get(f"ll_{name}", "") or given.get(name, "") for name in _PLACES}
    return {name: one_line(value, 2000 if name in {"page", "referrer"} else 200) for name, value in said.items()}


def _sent(request: HttpRequest, place: dict[str, str], network: str) -> Sent:
    return Sent(
        token=request.POST.get("ll_token", "")[:500],
        honeypot=request.POST.get(HONEYPOT, ""),
        is_consent_given=request.POST.get("ll_consent") == "yes",
        visitor_id=place["visitor"],
        session_id=place["session"],
        page_url=place["page"] or request.build_absolute_uri(request.path),
        referrer=place["referrer"],
        utm={name: place[name] for name in UTM},
        network=network,
    )


def _show(
    request: HttpRequest,
    form: Form,
    values: Any,
    errors: Any,
    place: dict[str, str],
    status: int = 200,
) -> HttpResponse:
    # A token that was sent comes back, so that how long the form was open is counted from the first look.
    token = request.POST.get("ll_token") or new_token(form)
    context = {
        "form": form,
        "fields": shown_fields(fields_of(form), values, errors),
        "has_errors": bool(errors),
        "honeypot": HONEYPOT,
        "is_consent_given": request.POST.get("ll_consent") == "yes",
        "hidden": {"token": token, **place},
    }
    return _answer(request, "public/public_form.html", context, status=status)


def _thank(request: HttpRequest, form: Form) -> HttpResponse:
    # Sent on by a header, not by a redirect: the policy's form-action allows no other site. A frame tells its page.
    is_framed = _is_framed(request)
    headers = {"Refresh": f"0; url={iri_to_uri(form.redirect_url)}"} if form.redirect_url and not is_framed else {}
    return _answer(request, "public/thanks.html", {"form": form}, headers=headers)


def _answer(
    request: HttpRequest,
    template: str,
    context: dict[str, Any],
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> HttpResponse:
    whole = context | {"organisation": Organisation.current(), "is_framed": _is_framed(request)}
    response = render(request, template, whole, status=status)
    policy = content_security_policy(getattr(request, "csp_nonce", ""), is_frameable=False)
    response.headers["Content-Security-Policy"] = policy.replace(
        "frame-ancestors 'none'", f"frame-ancestors {' '.join(_frame_ancestors())}"
    )
    for name, value in (headers or {}).items():
        response.headers[name] = value
    return response


def _is_framed(request: HttpRequest) -> bool:
    return "framed" in request.GET or "ll_framed" in request.POST


def _frame_ancestors() -> list[str]:
    """The own sites: hosts in the organisation's settings, origins of the browser keys."""
    hosts = {f"{host}:*" for host in Organisation.current().own_hosts if _is_host(host)}
    if settings.CONFIG.is_demo:
        hosts |= {"127.0.0.1:*", "localhost:*"}  # the sample site
    origins = {origin for key in collector.keys().list() if key.revoked_at is None for origin in key.origins}
    return ["'self'", *sorted(hosts), *sorted(origins)]


def _is_host(text: str) -> bool:
    """A plain host: whatever else is in a setting must not get into the policy."""
    return bool(text) and urlsplit(f"//{text}").hostname == text and not set(text) & set(" ;,'\"*")


def shown_fields(fields: list[FormField], values: Any, errors: Any) -> list[dict[str, Any]]:
    """Fields with what was typed and what is wrong, as the template shows them."""
    return [{"field": one, "value": values.get(one.key, ""), "error": errors.get(one.key, "")} for one in fields]
