"""A campaign with all its parts, and an import at each of its stages, in every width and theme."""

from datetime import date

import pytest
from django.conf import settings
from django.urls import reverse

from loopline.access.actor import SYSTEM
from loopline.access.roles import Role
from loopline.campaigns.actions import ActivityPlan, CostEntry, add_activity, add_cost, build_link, map_code
from loopline.campaigns.links import LinkTags
from loopline.sync.importing import run_import
from loopline.sync.models import ImportRun
from loopline.sync.uploads import asked, keep
from tests.browser.conftest import SignIn
from tests.browser.look import Look
from tests.browser.records import HOSTILE, LONG, Company
from tests.browser.watch import Complaints
from tests.sync.house import DEAL_HEAD, DEALS, HEAD, LEADS

pytestmark = pytest.mark.browser


def test_a_campaign_with_all_its_parts(filled_site: Company, sign_in: SignIn, shoot: Look) -> None:
    campaign, day = filled_site.campaign, date(2026, 3, 2)
    for name in ("Invitation mailing", LONG, HOSTILE):
        add_activity(campaign, ActivityPlan(name=name, kind="mailing", on=day), by=SYSTEM)
    add_cost(campaign, CostEntry(150_000, "EUR", day, date(2026, 5, 31), kind="planned", note="agency"), by=SYSTEM)
    add_cost(campaign, CostEntry(90_000, "BRL", day, day, category="events"), by=SYSTEM)
    add_cost(campaign, CostEntry(0, "EUR", day, day, category="content"), by=SYSTEM)
    map_code(campaign, "spring_webinar_2026", by=SYSTEM)
    tags = LinkTags(source="newsletter", medium="email", campaign="spring_webinar_2026", content="button at the top")
    build_link(campaign, "https://www.nordwind.example/webinars/line-control?lang=no", tags, by=SYSTEM)
    page = sign_in(filled_site.users[Role.MARKETING])
    complaints = Complaints(page)
    page.goto(reverse("campaign", args=[campaign.pk]))
    page.get_by_text("In a mail").click()
    shoot(page, "campaign")
    page.reload()  # axe leaves styles behind that htmx would carry over
    page.get_by_text("Add a cost").click()
    page.get_by_label("Amount").fill("12.50")
    page.get_by_role("button", name="Add cost").click()
    page.get_by_text("€12.50").wait_for()
    assert complaints.all == []


def test_an_import_as_a_draft_and_when_it_is_done(filled_site: Company, sign_in: SignIn, shoot: Look) -> None:
    unit = filled_site.units[0]
    rows = "".join(f"L{place},2026-01-05,person{place}@new.example,{LONG},Halden,fair\n" for place in range(5))
    files = [
        ("leads.csv", [(HEAD + rows + f"L9,never,,{HOSTILE},,\nL10,2026\n").encode()]),
        ("deals.csv", [(DEAL_HEAD + "D1,L1,2026-02-01,,1200\nD2,nobody,2026-02-01,,10\n").encode()]),
    ]
    run = ImportRun.objects.create(
        unit=unit, status="draft", by_name="Marketing Berg", mapping=LEADS + DEALS, file_name="leads.csv + deals.csv"
    )
    keep(settings.CONFIG.data, run, files)
    page = sign_in(filled_site.users[Role.MARKETING])
    complaints = Complaints(page)
    page.goto(reverse("import_run", args=[run.pk]))
    shoot(page, "import_run-draft")
    run_import(asked(settings.CONFIG.data, run), by=SYSTEM, run=run)
    page.goto(reverse("import_run", args=[run.pk]))
    shoot(page, "import_run-done")
    page.goto(reverse("imports"))
    shoot(page, "imports")
    assert complaints.all == []
