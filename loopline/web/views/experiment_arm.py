"""The arm of somebody, for sites and tools: `/api/v1/experiments/<code>/arm`, and what they showed to whom."""

from datetime import datetime
from uuid import UUID, uuid4

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from loopline.collect.credentials import key_from_header
from loopline.collect.keys import KeyKind, WriteKey
from loopline.collect.own import OwnEvent, report_event
from loopline.experiments.assigning import Answer, ask_for_arm
from loopline.experiments.models import Experiment
from loopline.experiments.subjects import Asked
from loopline.lib.times import utc_now
from loopline.reports.experiments.exposure import VIEWED
from loopline.web import collector
from loopline.web.api.problem import refused, told
from loopline.web.floods import Flood, limited

ARMS = Flood("experiments", rate=200, burst_s=10)
"""Wide: a server asks for all its users from one address."""
MODES = ("0", "1", "2", "3")
_NAMES = ("visitor", "email", "person", "user", "domain")


@csrf_exempt
@never_cache
@require_GET
@limited(ARMS)
def experiment_arm(request: HttpRequest, code: str) -> HttpResponse:
    """`{"experiment", "arm": "treated" | "holdout" | null, "reason"}`."""
    return _answer(request, code, is_exposure=False)


@csrf_exempt
@never_cache
@require_POST
@limited(ARMS)
def experiment_exposure(request: HttpRequest, code: str) -> HttpResponse:
    """The same question, and the event that whoever was asked about saw the campaign now. 200 when it is on disk."""
    return _answer(request, code, is_exposure=True)


def _answer(request: HttpRequest, code: str, *, is_exposure: bool) -> HttpResponse:
    given = request.GET if request.method == "GET" else request.POST
    plain = key_from_header(request.headers.get("Authorization", "").encode("latin-1", "replace"))
    key = collector.keys().lookup(plain or given.get("writeKey", ""))
    if key is None or not key.allows_address(request.META.get("REMOTE_ADDR", "")):
        message = "Send a write key in force: as Basic or Bearer authorization, or as writeKey."
        return told(refused(401, "key_missing", message, "writeKey"))
    origin = request.headers.get("Origin", "")
    if key.kind is KeyKind.BROWSER and origin and not key.allows_origin(origin):
        message = "This key is not for pages of that origin; an administrator can add it."
        return told(refused(403, "origin_not_allowed", message))
    asked = _asked(key, {name: given.get(name, "") for name in (*_NAMES, "consent")})
    if isinstance(asked, str):
        return told(refused(400, "option_not_usable", asked))
    found = Experiment.objects.filter(unit=UUID(key.unit_id), code=code).first()
    if found is None:
        return told(refused(404, "experiment_unknown", "This business unit has no such experiment.", "code"))
    answer = ask_for_arm(found, asked)
    if is_exposure and answer.arm is not None:
        _report(found, answer, asked, given.get("messageId", ""), utc_now())
    response = JsonResponse({"experiment": code, "arm": answer.arm, "reason": answer.reason})
    if key.kind is KeyKind.BROWSER and origin:
        response["Access-Control-Allow-Origin"] = origin
        response["Vary"] = "Origin"
    return response


def _asked(key: WriteKey, said: dict[str, str]) -> Asked | str:
    """What is asked, or what is wrong with it. A browser's key stands in the page, so it may ask for visitors only."""
    consent = said.pop("consent")
    if consent and consent not in MODES:
        return "consent is 0, 1, 2 or 3."
    names = {name: value.strip()[:300] for name, value in said.items() if value.strip()}
    if key.kind is KeyKind.BROWSER and set(names) != {"visitor"}:
        return "A browser key may ask by visitor only; ask with a server key for people and companies."
    if not names:
        return f"Say whom you ask about: {', '.join(_NAMES)}."
    usual = 1 if key.kind is KeyKind.BROWSER else 2
    return Asked(**names, consent=int(consent) if consent else usual)


def _report(experiment: Experiment, answer: Answer, asked: Asked, message_id: str, at: datetime) -> None:
    kind, _, value = answer.subject.partition(":")
    report_event(
        settings.CONFIG.data,
        OwnEvent(
            event_id=message_id[:200] or f"exposure-{uuid4()}", kind="track", name=VIEWED,
            unit_id=str(experiment.unit_id), occurred_at=at, consent=asked.consent,
            visitor_id=asked.visitor, email=asked.email if kind == "company" else "",
            person_id=value if kind == "person" else "",
            properties={"experiment_id": experiment.code, "variation_id": str(answer.arm)},
        ),
    )  # fmt: skip
