"""The hosted form as a stranger meets it: opened, filled in wrongly, sent, sent twice, framed, closed."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from loopline.access.actor import SYSTEM
from loopline.access.models import Organisation
from loopline.campaigns.forms import FormPlan, edit_form, new_token
from loopline.campaigns.models import Form, Submission
from loopline.leads.models import Lead
from loopline.lib.times import utc_now
from loopline.people.actions import person_of
from tests.make import make_form

pytestmark = pytest.mark.django_db

INES = {"email": "ines@halden.no", "name": "Ines Okafor", "company": "Halden Foods", "message": "Before March?"}


@pytest.fixture(autouse=True)
def own_folder(data: Path) -> None:
    from loopline.web import collector

    collector.keys.cache_clear()


def post(form: Form, **changes: Any) -> Any:
    token = new_token(form, utc_now() - timedelta(seconds=20))
    client = Client(enforce_csrf_checks=True)
    return client.post(f"/f/{form.slug}", INES | {"ll_token": token, "ll_consent": "yes"} | changes)


def text(answer: HttpResponse) -> str:
    return answer.content.decode()


def test_anyone_may_open_it_without_a_session_or_a_cookie(client: Client) -> None:
    form = make_form("demo", introduction="We answer soon.")
    answer = client.get("/f/demo")
    assert answer.status_code == 200
    assert not answer.cookies
    for words in ("Ask for a demo", "We answer soon.", "You may contact me.", 'name="ll_token"', 'type="email"'):
        assert words in text(answer)
    assert form.is_live


def test_sending_it_captures_a_lead_and_says_thanks() -> None:
    answer = post(make_form("demo", thanks_text="We will write."), ll_visitor="v1", ll_utm_source="google")
    assert answer.status_code == 200
    assert "We will write." in text(answer)
    submission = Submission.objects.get()
    assert submission.visitor_id == "v1"
    assert submission.is_consent_given
    assert submission.landing["utm_source"] == "google"
    assert submission.network
    assert Lead.objects.get().person == person_of("visitor:v1")


def test_what_is_opened_can_be_sent_and_an_instant_answer_is_kept_as_spam(client: Client) -> None:
    make_form("demo")
    token = re.search(r'name="ll_token" value="([^"]+)"', text(client.get("/f/demo")))
    assert token is not None
    client.post("/f/demo", INES | {"ll_token": token[1]})
    submission = Submission.objects.get()
    assert submission.verdict == "spam"
    assert "after the form was opened" in submission.verdict_reason


def test_mistakes_are_named_beside_their_fields_and_what_was_typed_stays() -> None:
    answer = post(make_form(), email="ines@", name="")
    assert answer.status_code == 422
    page = text(answer)
    assert "is not an e-mail address" in page
    assert "Please fill in “Name”." in page
    assert 'value="Halden Foods"' in page
    assert "Before March?" in page
    assert " checked" in page
    assert 'aria-describedby="error-email"' in page
    assert not Submission.objects.exists()


def test_a_double_click_is_one_submission() -> None:
    form = make_form()
    token = new_token(form, utc_now() - timedelta(seconds=20))
    answers = [post(form, ll_token=token).status_code for _ in range(2)]
    assert answers == [200, 200]
    assert Submission.objects.count() == 1


def test_a_filled_trap_is_thanked_like_everyone_and_kept_as_spam() -> None:
    answer = post(make_form(), website_address="http://spam.example")
    assert "Thank you" in text(answer)
    assert Submission.objects.get().verdict == "spam"
    assert not Lead.objects.exists()


def test_a_campaign_link_to_the_form_itself_is_kept(client: Client) -> None:
    make_form("demo")
    page = text(client.get("/f/demo?utm_source=news&utm_campaign=spring"))
    assert 'name="ll_utm_source" value="news"' in page
    assert 'name="ll_utm_campaign" value="spring"' in page


def test_only_the_own_sites_may_frame_it(client: Client) -> None:
    make_form("demo")
    organisation = Organisation.current()
    organisation.own_hosts = ["www.halden.example", "evil; script-src *", "*"]
    organisation.save()
    answer = client.get("/f/demo?framed=1")
    policy = answer.headers["Content-Security-Policy"]
    assert policy.endswith("frame-ancestors 'self' www.halden.example:*")
    assert "X-Frame-Options" not in answer.headers
    assert "form-frame.js" in text(answer)


def test_the_embed_script_knows_the_title_and_holds_no_markup(client: Client) -> None:
    make_form("demo", title='Ask "us" </script><script>alert(1)')
    answer = client.get("/f/demo/embed.js")
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert 'frame.title = "Ask \\"us\\" </script><script>alert(1)"' in text(answer)


def test_a_closed_form_says_so_and_takes_nothing() -> None:
    form = make_form("demo")
    edit_form(form, FormPlan("Ask", is_live=False), by=SYSTEM)
    answer = post(form)
    assert answer.status_code == 410
    assert "This form is closed" in text(answer)
    assert not Submission.objects.exists()


def test_an_unknown_form_is_not_found(client: Client) -> None:
    assert client.get("/f/nothing").status_code == 404
    assert client.get("/f/nothing/embed.js").status_code == 404


def test_a_flood_from_one_network_is_asked_to_come_back() -> None:
    form = make_form()
    post(form)
    network = Submission.objects.get().network
    Submission.objects.bulk_create(Submission(form=form, network=network) for _ in range(60))
    answer = post(form)
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "600"
    assert Submission.objects.count() == 61


def test_afterwards_people_go_to_the_page_that_was_set() -> None:
    form = make_form(redirect_url="https://halden.example/thanks?a=1&b=2")
    answer = post(form)
    assert answer.headers["Refresh"] == "0; url=https://halden.example/thanks?a=1&b=2"
    framed = post(form, ll_framed="1", message="again")
    assert "Refresh" not in framed.headers
    assert 'data-go="https://halden.example/thanks?a=1&amp;b=2"' in text(framed)


@pytest.mark.parametrize("field", ["email", "name", "company", "message", "ll_visitor", "ll_page", "ll_utm_source"])
def test_script_in_any_field_comes_back_as_text(field: str) -> None:
    hostile = "\"'><script>alert(1)</script>"
    changes = {"name": ""} | {field: hostile}
    answer = post(make_form(title="<b>Ask</b>", introduction="<i>x</i>", consent_text="<u>y</u>"), **changes)
    page = text(answer)
    assert answer.status_code in {200, 422}
    for tag in ("<script>alert", "<b>Ask", "<i>x", "<u>y"):
        assert tag not in page


def test_bytes_that_are_no_text_do_no_harm(client: Client) -> None:
    make_form("demo")
    answer = client.post("/f/demo", b"email=%ff%fe&name=%00", content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 422
