"""The pages of people, companies and forms with an argument, looked at in every width and theme."""

from datetime import timedelta

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from loopline.access.actor import SYSTEM
from loopline.access.roles import Role
from loopline.campaigns.forms import Sent, new_token
from loopline.leads.capture import capture_submission
from loopline.lib.times import utc_now
from loopline.people.actions import link_identity, merge_people
from loopline.people.decisions import block_identity
from loopline.people.stitch import HUB_ABOVE, IdentityKind
from loopline.privacy.models import Erasure
from tests.browser.conftest import SignIn
from tests.browser.look import Look
from tests.browser.records import HOSTILE, LONG, Company
from tests.browser.server import Server
from tests.browser.watch import Complaints
from tests.make import make_form, make_person

pytestmark = pytest.mark.browser


@pytest.fixture
def captured(filled_site: Company) -> dict[str, str]:
    unit = filled_site.units[0]
    size = {"key": "size", "label": "How many people?", "kind": "select", "choices": ["1-10", "11-200", "more"]}
    fields = [{"key": "name", "label": "Name", "kind": "text", "is_required": True},
              {"key": "company", "label": "Company", "kind": "text"}, size,
              {"key": "message", "label": "What is it about?", "kind": "textarea"}]  # fmt: skip
    consent = "You may contact me about my question. I can take this back at any time."
    form = make_form("demo", unit=unit, fields=fields, introduction="We answer soon.", consent_text=consent)
    for number, (name, trap) in enumerate(((LONG, ""), (HOSTILE, "x"), ("Aino Korhonen", ""))):
        sent = Sent(new_token(form, utc_now() - timedelta(minutes=1)), trap, True, visitor_id="v1", network="")
        typed = {"email": f"buyer{number}@halden.example", "name": name,
                 "company": "Halden Foods", "message": f"replacing spreadsheets {HOSTILE}"}  # fmt: skip
        last = capture_submission(form, typed, sent=sent)
    assert last.person is not None
    people = filled_site.people
    merge_people(people[0], people[1], by=SYSTEM)
    link_identity("user:42", people[0], "identify", SYSTEM)
    shared = "visitor:5b2e8f0a9c7d4e6fa1b3c5d7e9f0a1b2"
    for place, days_ago in ((0, 20), (3, 9), (0, 2)):
        link_identity(shared, people[place], "identify", SYSTEM, utc_now() - timedelta(days=days_ago))
    for one in [make_person(unit=unit) for _ in range(HUB_ABOVE + 1)]:
        link_identity("visitor:0f8e2c5e9b7a4d6fb1c3a5d7e9f0a1b2", one, "form", SYSTEM)
    block_identity(IdentityKind.USER, "kiosk", by=filled_site.users[Role.ADMINISTRATOR].actor)
    return {
        "person": reverse("person", args=[last.person.pk]),
        "person_merged": reverse("person", args=[people[0].pk]),
        "person_edit": reverse("person_edit", args=[people[0].pk]),
        "person_merge": f"{reverse('person_merge', args=[people[0].pk])}?with={people[4].pk}",
        "person_merge_search": f"{reverse('person_merge', args=[people[0].pk])}?q=halden",
        "identities": reverse("identities"),
        "company": reverse("company", args=[people[0].company_id]),
        "company_edit": reverse("company_edit", args=[people[0].company_id]),
        "form": reverse("form", args=[form.pk]),
        "form_spam": f"{reverse('form', args=[form.pk])}?verdict=spam",
        "form_edit": reverse("form_edit", args=[form.pk]),
        "people_found": f"{reverse('people')}?q=halden",
        "forms_listed": reverse("forms"),
    }


NAMES = ["person", "person_merged", "person_edit", "person_merge", "person_merge_search", "identities", "company",
         "company_edit", "form", "form_spam", "form_edit", "people_found", "forms_listed"]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_page_about_someone_is_sound(
    name: str, captured: dict[str, str], filled_site: Company, sign_in: SignIn, shoot: Look
) -> None:
    opened = sign_in(filled_site.users[Role.ADMINISTRATOR])
    complaints = Complaints(opened)
    answer = opened.goto(captured[name])
    assert answer is not None
    assert answer.status == 200
    shoot(opened, name)
    assert complaints.all == []


def test_the_hosted_form_is_sound_empty_wrong_and_sent(
    captured: dict[str, str], site: Server, page: Page, shoot: Look
) -> None:
    complaints = Complaints(page)
    page.goto("/f/demo")
    shoot(page, "public_form")
    page.get_by_role("button", name="Send").click()
    assert page.get_by_role("alert").is_visible()
    bad = "() => getComputedStyle(document.querySelector('.field-error')).color"
    expect(page.get_by_label("E-mail")).to_have_css("border-top-color", page.evaluate(bad))
    shoot(page, "public_form_wrong")
    page.get_by_label("E-mail").fill("mei@halden.example")
    page.get_by_label("Name").fill("Mei-Ling Chen")
    page.wait_for_timeout(1_100)
    page.get_by_role("button", name="Send").click()
    page.get_by_role("heading", name="Thank you").wait_for()
    shoot(page, "public_thanks")
    assert [one for one in complaints.all if "422" not in one] == []


def test_erasing_is_sound_shown_refused_asked_for_and_finished(
    captured: dict[str, str], filled_site: Company, sign_in: SignIn, shoot: Look
) -> None:
    opened = sign_in(filled_site.users[Role.ADMINISTRATOR])
    complaints = Complaints(opened)
    opened.goto(captured["person_merged"])
    opened.get_by_role("link", name="Erase…").click()
    shoot(opened, "person_erase")
    opened.get_by_role("textbox").last.fill("somebody else")
    opened.get_by_role("button", name="Erase this person").click()
    opened.get_by_text("Nothing was erased.").wait_for()
    shoot(opened, "person_erase_wrong")
    erasure = Erasure.objects.create(
        person_id=filled_site.people[0].pk, upto_seq=0, by_id="x", by_name=LONG, step=Erasure.Step.RECORDS,
        trouble="The event store has no room: 1.2 GB are needed.", counts={"identities": 4, "leads": 1},
    )  # fmt: skip
    opened.goto(reverse("erasure", args=[erasure.pk]))
    shoot(opened, "erasure_running")
    Erasure.objects.filter(pk=erasure.pk).update(
        finished_at=utc_now(), step=Erasure.Step.FILES, counts={"events": 1240, "identities": 4, "leads": 1}
    )
    opened.get_by_text("The person is erased").wait_for()
    shoot(opened, "erasure")
    opened.goto(reverse("erasures"))
    shoot(opened, "erasures_listed")
    assert [one for one in complaints.all if "422" not in one] == []
