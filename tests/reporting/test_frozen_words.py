"""What a frozen run was asked stands on its page and in its files, in words."""

from datetime import timedelta

import pytest
from django.urls import reverse

from loopline.access.roles import Role
from loopline.lib.times import utc_now
from loopline.reporting.models import FrozenRun
from loopline.store.duckdb_engine import DuckDBEngine
from tests.attribution.shelf import Shelf
from tests.make import make_unit, make_user, signed_in
from tests.reports.sheets import sheet

pytestmark = pytest.mark.django_db


def test_a_frozen_run_says_in_words_what_was_asked(store: DuckDBEngine) -> None:
    unit, now = make_unit(), utc_now() - timedelta(minutes=1)
    shelf = Shelf(store)
    shelf.won("sale", "", now, 1_000_10, unit_id=str(unit.pk), learnt=now)
    shelf.store()
    client = signed_in(make_user(Role.FINANCE))
    asked = (
        "?from=2026-07-01&to=2026-09-30&model=time_decay&half_life=3&lookback=30&kinds=call,form&direct=ignore"
        "&humans=all&people=company&conversion=won&clock=cohort"
    )
    page = client.post(reverse("report_freeze", args=["closed-loop"]) + asked, follow=True).content.decode()
    for words in (
        "1 Jul 2026 to 30 Sep 2026", "Time decay, half-life 3 days", "30 days before the conversion", "forms, calls;",
        "Direct earns nothing", "humans and machines", "everyone of the company", "opportunities won",
        "cohort: revenue, whenever closed",
    ):  # fmt: skip
        assert words in page, words
    run = FrozenRun.objects.get()
    about = sheet(client.get(reverse("frozen_run_download", args=[run.pk, "xlsx"])).content, 3)
    assert ["Model", "Time decay, half-life 3 days"] in about
    page = client.post(reverse("report_freeze", args=["buyers"]), follow=True).content.decode()
    assert "<dt>Period</dt>" in page
    assert "<dt>Window</dt>" not in page, "the report does not read it"
