"""A company of which every text that anybody can give is hostile, taken in by the real entries."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

from django.test import Client
from django.urls import reverse

from loopline.access.actor import SYSTEM
from loopline.access.models import BusinessUnit, User
from loopline.access.roles import Role
from loopline.campaigns.actions import ActivityPlan, CampaignPlan, add_activity, create_campaign
from loopline.campaigns.codes import build_link, map_code
from loopline.campaigns.forms import Sent, SubmissionRefusedError, new_token
from loopline.campaigns.links import LinkRefusedError, LinkTags
from loopline.campaigns.models import Campaign, CostLine
from loopline.campaigns.refusal import CampaignRefusedError
from loopline.collect.keys import KeyKind, NewKey
from loopline.experiments.actions import ExperimentPlan, draft_experiment, start_experiment
from loopline.facts.relay import Relay
from loopline.leads.actions import ask_for_help
from loopline.leads.capture import capture_submission
from loopline.leads.models import Lead
from loopline.leads.reactor import react_once
from loopline.lib.times import utc_now
from loopline.people.models import Company, Person, ReactorRefusal
from loopline.pipeline.actions import NewOpportunity, create_opportunity
from loopline.pipeline.errors import PipelineError
from loopline.pipeline.interactions import Talk, log_interaction
from loopline.pipeline.tasks import NewTask, create_task
from loopline.privacy.asking import ask_erasure
from tests.browser.hostile_meetings import hold_huddles, quarrel, write_drafts, write_routing
from tests.collect.station import CHROME, Station
from tests.make import make_form, make_user, signed_in
from tests.make_leads import make_definition
from tests.sync.house import LEADS, take_in

KEY = "hostile-key"
MOST_BYTES = 400_000
UNIT = {"currency": "EUR", "accept_within_hours": "4", "margin_percent": "100"}


def send_events(station: Station, unit: BusinessUnit, payloads: Sequence[str]) -> None:
    """Each payload through every text field of every type of call, at once."""
    station.keys.create(NewKey(payloads[0][:100], KeyKind.SERVER, str(unit.pk)), plain=KEY)
    batch, size = [], 0
    for number, payload in enumerate(payloads):
        for event in [*_events(number, payload), _everything_of_one(number, payload)]:
            length = len(json.dumps(event))
            if size + length > MOST_BYTES:
                station.send(*batch, key=KEY)
                batch, size = [], 0
            batch.append(event)
            size += length
    station.send(*batch, key=KEY)
    station.loader.load_all()


def react(station: Station) -> None:
    while react_once(station.feed):
        pass
    # An id longer than an identity may be is refused with its reason, which is a page as well.
    assert ReactorRefusal.objects.count() < Person.objects.count()
    Relay(station.engine).relay_all()


def _events(number: int, whole: str) -> Iterator[dict[str, Any]]:
    payload = whole[:1_000]  # in every field; a body may not be larger than a megabyte
    at = utc_now() - timedelta(minutes=number % 50 + 1)
    traits = dict.fromkeys(("name", "title", "phone", "company", "industry", "country", "website", "plan"), payload)
    traits |= {"email": f"p{number}@hostile{number}.example", "address": {"country": payload}}
    page = {"url": f"https://halden.no/{payload}?utm_source={payload}&utm_campaign={payload}", "path": f"/{payload}",
            "title": payload, "referrer": f"https://{payload}/", "search": f"?q={payload}"}  # fmt: skip
    context = {
        "userAgent": CHROME if number % 3 else payload, "page": page, "traits": traits, "view": f"v{number}{payload}",
        "campaign": dict.fromkeys(("name", "source", "medium", "content", "term"), payload),
        "session": {"id": f"s{number}{payload}"[:100], "entry": True, "url": page["url"], "referrer": page["referrer"]},
    }  # fmt: skip
    for place, kind in enumerate(
        ("page", "screen", "track", "identify", "group", "alias", "form", "link", "engaged", payload)
    ):
        yield {
            "type": kind, "messageId": f"{number}-{place}-{payload}"[:190], "anonymousId": f"b{number}-{payload}"[:190],
            "userId": f"u{number}-{payload}"[:190], "previousId": f"a{number}-{payload}"[:190], "event": payload,
            "groupId": f"g{number}-{payload}"[:190], "name": payload, "traits": traits, "context": context,
            "timestamp": at.isoformat() if number % 7 else payload, "engaged": 1000,
            "properties": {"fields": traits | {"message": payload}, "form": payload, payload[:50] or "x": whole,
                           "url": payload, "href": payload},
        }  # fmt: skip


def _everything_of_one(number: int, whole: str) -> dict[str, Any]:
    """One known visitor who saw every payload, so that one history shows them all."""
    payload, at = whole[:1_000], utc_now() - timedelta(minutes=number % 50 + 1)
    page = {"url": f"https://halden.no/{payload}", "path": f"/{payload}", "title": payload}
    return {
        "type": "page", "messageId": f"one-{number}", "anonymousId": "who-saw-it-all", "timestamp": at.isoformat(),
        "context": {"userAgent": CHROME, "page": page, "traits": {"email": "all@hostile.example"}},
    }  # fmt: skip


def write_records(folder: Path, unit: BusinessUnit, payloads: Sequence[str]) -> User:
    """Names and notes of everything that people type, and a file taken in; the administrator who sees it all."""
    administrator = make_user(Role.ADMINISTRATOR, unit=unit, name=payloads[1][:200])
    seller = make_user(Role.SALES, unit=unit, name=payloads[2][:200], takes_leads=True)
    typed = [" ".join(one.replace("\x00", "").split())[:190] or "x" for one in payloads]
    make_definition(unit)
    write_drafts(unit, typed)
    write_routing(unit, seller, typed[::9])
    for number, text in enumerate(typed[::12]):
        _campaign(unit, number, text, [text])
    _experiments(unit, typed[::12])
    _campaign(unit, len(typed), typed[0], typed)
    _send_form(unit, payloads)
    _take_in_file(folder, unit, payloads)
    people = list(Person.objects.filter(unit=unit).order_by("pk"))
    for person, text in zip(cycle(people), typed[::4], strict=False):
        try:
            new = NewOpportunity(unit, text, "EUR", 100, person=person, company=person.company, owner=seller)
            create_opportunity(new, by=SYSTEM)
        except PipelineError:
            continue
    for text in typed:
        log_interaction(Talk(unit, people[0], "call", summary=text), by=seller.actor)
        create_task(NewTask(unit, text, seller, person=people[0]), by=SYSTEM)
    leaving = Person.objects.create(unit=unit, name=typed[0], email="leaves@hostile.example")
    ask_erasure(leaving, folder, by=administrator.actor)
    quarrel(unit, typed)
    hold_huddles(unit, administrator, seller, typed[::11])
    _ask_for_changes(signed_in(administrator), unit, typed)
    return administrator


def _campaign(unit: BusinessUnit, number: int, name: str, texts: Sequence[str]) -> None:
    """A campaign with an activity, a cost, a code and a link for each of the texts."""
    today = utc_now().date()
    try:
        campaign = create_campaign(unit, CampaignPlan(name, "Event", "EUR", objective=name), by=SYSTEM)
    except CampaignRefusedError:
        return
    for place, text in enumerate(texts):
        CostLine.objects.create(unit=unit, campaign=campaign, amount_minor=100, currency="EUR", starts_on=today,
                                ends_on=today, note=text)  # fmt: skip
        try:
            activity = add_activity(campaign, ActivityPlan(text, text[:40] or "x"), by=SYSTEM)
            map_code(campaign, text, activity=activity, by=SYSTEM)
            build_link(campaign, f"https://halden.no/{number}-{place}",
                       LinkTags(text, text, f"{number}{place}{text}", text, text), note=text, by=SYSTEM)  # fmt: skip
        except (CampaignRefusedError, LinkRefusedError):
            continue


def _experiments(unit: BusinessUnit, texts: Sequence[str]) -> None:
    """One for each text, every second one running, of a campaign whose name is hostile too."""
    for number, (text, campaign) in enumerate(zip(texts, Campaign.objects.filter(unit=unit), strict=False)):
        plan = ExperimentPlan(text, f"hostile-{number}", hypothesis=text)
        drafted = draft_experiment(campaign, plan, by=SYSTEM)
        if number % 2:
            start_experiment(drafted, by=SYSTEM)


def _send_form(unit: BusinessUnit, payloads: Sequence[str]) -> None:
    form = make_form("hostile", unit=unit, title=payloads[0][:150], introduction=payloads[3], thanks_text=payloads[4],
                     consent_text=payloads[5])  # fmt: skip
    for number, payload in enumerate(payloads):
        values = {"email": f"f{number}@form{number}.example", "name": payload[:190] or "x", "company": payload[:190],
                  "message": payload[:4900]}  # fmt: skip
        sent = Sent(new_token(form, utc_now() - timedelta(minutes=1)), "", True, visitor_id=payload[:190],
                    session_id=payload[:190], page_url=payload[:1900], referrer=payload[:1900],
                    utm={"source": payload[:190], "campaign": payload[:190]}, network="")  # fmt: skip
        try:
            captured = capture_submission(form, values, sent=sent)
        except SubmissionRefusedError:
            continue  # a name of nothing but blanks
        if captured.lead is not None and captured.lead.owner and number % 3 == 0:
            ask_for_help(captured.lead, payload[:500] or "x", by=captured.lead.owner.actor)


def _take_in_file(folder: Path, unit: BusinessUnit, payloads: Sequence[str]) -> None:
    """Cells with each payload, formulas among them; some rows are refused, and the answer repeats what they held."""
    text = io.StringIO()
    write = csv.writer(text)
    write.writerow(["id", "date", "mail", "name", "company", "source"])
    for number, payload in enumerate(payloads):
        day = "2026-01-05" if number % 5 else payload
        said = payload[:190]
        write.writerow([f"{payload[:150]}{number}", day, f"i{number}@file{number}.example", said, said, said])
    take_in(folder, unit, LEADS, leads=text.getvalue().encode("utf-8", "replace"))


def _ask_for_changes(client: Client, unit: BusinessUnit, typed: Sequence[str]) -> None:
    """Settings that hold text, through their own pages. What a page refuses, it shows again."""
    for text in typed[:: max(1, len(typed) // 8)]:
        client.post(reverse("identity_block"), {"kind": "user", "value": text})
        client.post(reverse("units"), {"name": text, **UNIT})
        client.post(reverse("own_model_new"), {"name": text, "rest": "100", "save": "yes"})
        client.post(reverse("report_freeze", args=["buyers"]), {"note": text})
    assert Campaign.objects.exists()
    assert Lead.objects.exists()
    assert Company.objects.exists()
