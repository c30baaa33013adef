"""Links and the pixel of a mail: signed, counted through the steps, with the addressee only as far as they agreed."""

import dataclasses
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core import signing
from django.test import Client

from loopline.access.actor import SYSTEM
from loopline.access.roles import Role
from loopline.campaigns import mail_tracking
from loopline.campaigns.actions import ActivityPlan, add_activity
from loopline.campaigns.links import LinkRefusedError
from loopline.campaigns.mail_tracking import TrackedMail, click_address, mail_counts, mail_of_link, pixel_address
from loopline.campaigns.models import TrackedLink
from loopline.campaigns.short_links import Clicks
from loopline.collect.inbox import Inbox
from loopline.collect.loader import Loader
from loopline.collect.own import close_logs
from loopline.collect.settings import Settings
from loopline.collect.state import State
from loopline.lib.times import utc_now
from loopline.people.actions import record_consent
from loopline.people.models import Person
from loopline.store.engine import Engine
from tests.make import make_campaign, make_person, make_unit, signed_in_as
from tests.store.rows import written

pytestmark = pytest.mark.django_db

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
TARGET = "https://www.halden.example/offer?utm_source=letter&utm_medium=email&utm_campaign=spring"
CONTENT = ["m", "u", "", "", "", "", 0, "https://evil.example/"]
LONG_AGO = 1_700_000_000


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A LOOPLINE_DATA of its own."""
    monkeypatch.setattr(settings, "CONFIG", dataclasses.replace(settings.CONFIG, data=tmp_path))
    monkeypatch.setattr(mail_tracking, "_recently", mail_tracking._Recently())
    yield tmp_path
    close_logs(tmp_path)


def mail_to(person: Person | None = None, **said: Any) -> TrackedMail:
    whole = {"message_id": "m1", "unit_id": str(person.unit_id) if person else "u1", "campaign_id": "c1",
             "person_id": str(person.pk) if person else "", "sent_at_s": LONG_AGO} | said  # fmt: skip
    return TrackedMail(**whole)


def agreed(person: Person, *purposes: str) -> Person:
    for purpose in purposes:
        record_consent(person, purpose, is_granted=True, text="yes", evidence="test", by=SYSTEM)
    return person


def click(mail: TrackedMail, url: str = TARGET, *, method: str = "get", **headers: str) -> Any:
    return getattr(Client(), method)(click_address("", mail, url), headers={"User-Agent": CHROME} | headers)


def open_(mail: TrackedMail, **headers: str) -> Any:
    return Client().get(pixel_address("", mail), headers={"User-Agent": CHROME} | headers)


def stored(folder: Path, engine: Engine, given: Settings | None = None) -> list[dict[str, Any]]:
    inbox, state = Inbox(folder), State(folder)
    try:
        Loader(inbox, engine, state, settings=lambda: given or Settings()).load_all()
    finally:
        inbox.close()
        state.close()
    return engine.rows(f"SELECT {written()} FROM events ORDER BY received_at, event_id")


def test_a_click_of_somebody_who_agreed_to_be_contacted_is_their_touchpoint(folder: Path, engine: Engine) -> None:
    person = agreed(make_person(), "contact")
    answer = click(mail_to(person))
    assert (answer.status_code, answer.headers["Location"]) == (302, TARGET)
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert not answer.cookies
    [row] = stored(folder, engine)
    assert (row["kind"], row["name"], row["touch_kind"]) == ("email", "email_clicked", "email_click")
    assert (row["identity"], row["consent"], row["bot_verdict"]) == (f"person:{person.pk}", 3, "human")
    assert (row["channel"], row["utm_campaign"], row["source"]) == ("Email", "spring", "email")
    assert json.loads(row["properties"])["message"] == "m1"


@pytest.mark.parametrize("purposes", [(), ("email_opens",), ("withdrawn",)])
def test_a_click_of_somebody_who_did_not_is_counted_without_them(
    folder: Path, engine: Engine, purposes: tuple[str, ...]
) -> None:
    person = agreed(make_person(), *purposes)
    if purposes == ("withdrawn",):
        agreed(person, "contact")
        record_consent(person, "contact", is_granted=False, text="", evidence="test", by=SYSTEM)
    click(mail_to(person))
    [row] = stored(folder, engine)
    assert (row["name"], row["identity"], row["touch_kind"], row["consent"]) == ("email_clicked", "", "", 1)
    assert str(person.pk) not in json.dumps(row, default=str)
    assert "message" not in json.loads(row["properties"]), "whoever sent it could tell whose it was"


@pytest.mark.parametrize(("purposes", "is_named"), [((), False), (("contact",), False), (("email_opens",), True)])
def test_an_open_names_only_who_agreed_to_that(
    folder: Path, engine: Engine, purposes: tuple[str, ...], is_named: bool
) -> None:
    person = agreed(make_person(), *purposes)
    answer = open_(mail_to(person))
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/gif")
    assert answer.content.startswith(b"GIF89a")
    [row] = stored(folder, engine)
    assert (row["name"], row["touch_kind"]) == ("email_opened", "")
    assert row["identity"] == (f"person:{person.pk}" if is_named else "")


def test_a_browser_that_says_do_not_track_names_nobody(folder: Path, engine: Engine) -> None:
    person = agreed(make_person(), "contact", "email_opens")
    click(mail_to(person), **{"Sec-GPC": "1"})
    open_(mail_to(person), DNT="1")
    rows = stored(folder, engine)
    assert [row["identity"] for row in rows] == ["", ""]
    assert all("m1" not in row["properties"] for row in rows), "the message would tell whose it was"


def test_the_newest_word_counts_also_where_an_older_one_was_written_down_later(folder: Path, engine: Engine) -> None:
    person, now = make_person(), utc_now()
    for is_granted, at in ((False, now), (True, now - timedelta(days=1))):
        record_consent(person, "contact", is_granted=is_granted, text="", evidence="form", at=at, by=SYSTEM)
    click(mail_to(person))
    assert [row["identity"] for row in stored(folder, engine)] == [""]


def test_programs_that_check_mails_are_told_from_people(folder: Path, engine: Engine, tmp_path: Path) -> None:
    person = agreed(make_person(), "contact")
    click(mail_to(person, message_id="head"), method="head")
    click(mail_to(person, message_id="agent"), **{"User-Agent": "curl/8.5.0"})
    click(mail_to(person, message_id="none"), **{"User-Agent": ""})
    click(mail_to(person, message_id="at once", sent_at_s=round(utc_now().timestamp())))
    click(mail_to(person, message_id="all links"), TARGET)
    click(mail_to(person, message_id="all links"), TARGET + "&second=1")
    click(mail_to(person, message_id="twice"), TARGET)
    click(mail_to(person, message_id="twice"), TARGET)
    ahead = {"Sec-Purpose": "prefetch"}
    assert click(mail_to(person, message_id="ahead"), **ahead).status_code == 302
    verdicts = [(json.loads(row["properties"])["message"], row["bot_verdict"]) for row in stored(folder, engine)]
    assert verdicts == [
        ("head", "machine:mail_scanner"), ("agent", "machine:crawler"), ("none", "machine:no_user_agent"),
        ("at once", "machine:mail_scanner"), ("all links", "human"), ("all links", "machine:mail_scanner"),
        ("twice", "human"), ("twice", "human"),
    ]  # fmt: skip


def test_a_click_from_a_data_centre_is_a_machines(folder: Path, engine: Engine, tmp_path: Path) -> None:
    networks = tmp_path / "networks.txt"
    networks.write_text("127.0.0.0/8\n")
    click(mail_to(agreed(make_person(), "contact")))
    [row] = stored(folder, engine, Settings(data_centres=str(networks)))
    assert (row["bot_verdict"], row["touch_kind"]) == ("machine:data_centre", "email_click")
    assert "127.0.0.1" not in json.dumps(row, default=str)


@pytest.mark.parametrize("spoil", [
    lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
    lambda token: "x" + token,
    lambda token: token.rpartition(":")[0],
    lambda token: signing.Signer(key="another", salt="loopline.mail").sign_object(CONTENT),
    lambda token: signing.Signer(salt="another").sign_object(CONTENT),
    lambda token: signing.Signer(salt="loopline.mail").sign_object("https://evil.example/"),
    lambda token: "https://evil.example/aaaaaaaaaaaaaaaaaaaa",
])  # fmt: skip
def test_no_other_address_leads_anywhere(folder: Path, spoil: Any) -> None:
    token = click_address("", mail_to(), TARGET).removeprefix("/c/")
    answer = Client().get(f"/c/{spoil(token)}?url=https://evil.example")
    assert answer.status_code == 404
    assert "Location" not in answer.headers
    assert not (folder / "inbox.sqlite").exists()
    assert Client().get(f"/c/{token}?url=https://evil.example&next=//evil.example").headers["Location"] == TARGET
    assert Client().post(f"/c/{token}").status_code == 405


def test_a_pixel_is_no_link_and_a_link_no_pixel(folder: Path) -> None:
    mail = mail_to()
    link, pixel = click_address("", mail, TARGET), pixel_address("", mail)
    assert Client().get(pixel.replace("/o/", "/c/").removesuffix(".gif")).status_code == 404
    assert Client().get(link.replace("/c/", "/o/") + ".gif").content.startswith(b"GIF")
    assert Client().get("/o/" + "x" * 40 + ".gif").content.startswith(b"GIF"), "a mail shows no broken picture"
    assert not (folder / "inbox.sqlite").exists()


@pytest.mark.parametrize("url", ["javascript:alert(1)", "//evil.example", "data:text/html,x", "https://a@b.example/",
                                 "https://a.example/" + "x" * 2_000, "", "ftp://a.example/"])  # fmt: skip
def test_only_web_addresses_are_signed(url: str) -> None:
    with pytest.raises(LinkRefusedError):
        click_address("", mail_to(), url)


def test_two_mails_have_addresses_that_tell_nothing_of_each_other() -> None:
    first, second = (click_address("", mail_to(message_id=one), TARGET) for one in ("m1", "m2"))
    assert first.rpartition(":")[2] != second.rpartition(":")[2]
    assert len(first.rpartition(":")[2]) == 43, "256 bits"


def test_the_campaign_page_makes_addresses_for_mails_of_an_activity(folder: Path, engine: Engine) -> None:
    unit = make_unit()
    campaign = make_campaign(unit)
    activity = add_activity(campaign, ActivityPlan("Spring <letter>", "mailing"), by=SYSTEM)
    said = {"link-url": "https://www.halden.example/", "link-source": "letter", "link-medium": "email",
            "link-code": "spring", "link-activity": str(activity.pk)}  # fmt: skip
    client = signed_in_as(Role.MARKETING, unit)
    page = client.post(f"/campaigns/{campaign.pk}/links/", said, headers={"HX-Request": "true"}).content.decode()
    link = TrackedLink.objects.get()
    assert "In a mail of “Spring &lt;letter&gt;”" in page
    address, pixel = click_address("", mail_of_link(link), link.url), pixel_address("", mail_of_link(link))
    assert address in page
    assert pixel in page
    for _ in range(2):
        Client().get(address, headers={"User-Agent": CHROME})
    Client().get(pixel, headers={"User-Agent": CHROME})
    Client().get(address, headers={"User-Agent": "curl/8.5.0"})
    rows = stored(folder, engine)
    assert {row["identity"] for row in rows} == {""}
    assert json.loads(rows[0]["properties"])["activity"] == str(activity.pk)
    counts = mail_counts(engine, [link], str(unit.pk))[str(link.pk)]
    assert (counts.clicks, counts.opens) == (Clicks(people=2, machines=1), 1)
    other = make_campaign(unit)
    said["link-activity"] = str(add_activity(other, ActivityPlan("Theirs", "mailing"), by=SYSTEM).pk)
    assert client.post(f"/campaigns/{campaign.pk}/links/", said).status_code == 422


def test_an_address_still_leads_on_when_the_click_cannot_be_stored(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    def full(*_: object) -> None:
        raise OSError("full")

    monkeypatch.setattr("loopline.campaigns.short_links.append_requests", full)
    assert click(mail_to()).headers["Location"] == TARGET
