"""An option that no report knows: pages answer and say so, files are refused, and what trackers add troubles nobody."""

import os
import re
from html import unescape
from urllib.parse import parse_qs

import pytest
from django.urls import reverse

from loopline.access.models import User
from loopline.access.roles import Role
from loopline.cli.main import main
from loopline.lib.times import utc_now
from loopline.reporting.freezing import freeze_run
from loopline.reporting.mailing import _path
from loopline.reporting.models import ReportMail, SavedView
from loopline.reports.catalogue import REPORTS
from loopline.reports.options import Options
from loopline.reports.run import run_report
from loopline.reports.unread import not_understood
from loopline.store.current import engine
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.web.dashboards import DASHBOARDS
from tests.attribution.shelf import BOOKS, Shelf, day
from tests.make import make_unit, signed_in_as

PAGES = (
    reverse("closed_loop"), reverse("closed_loop_behind"), reverse("closed_loop_beside"), reverse("models"),
    reverse("weekly"), reverse("bottlenecks"), reverse("planner"), reverse("report", args=["paths"]),
    reverse("report_behind", args=["source-quality"]), reverse("report_windows", args=["closed-loop"]),
    reverse("report_changes", args=["closed-loop"]), reverse("dashboard", args=["marketing"]),
)  # fmt: skip
WITHOUT_A_MODEL = (
    reverse("bottlenecks"), reverse("report", args=["paths"]), reverse("report_behind", args=["source-quality"]),
    reverse("dashboard", args=["marketing"]),
)  # fmt: skip
READ_A_MODEL = {*PAGES} - {*WITHOUT_A_MODEL}


@pytest.fixture
def client(store: DuckDBEngine, db: None):
    shelf = Shelf(store)
    shelf.person("ines", "v1")
    shelf.touch("e1", "visitor:v1", day(2), channel="Email")
    shelf.won("o1", "ines", day(12), 100_00)
    shelf.store()
    return signed_in_as(Role.ADMINISTRATOR, make_unit())


@pytest.mark.parametrize("page", PAGES)
def test_a_page_names_the_option_that_it_did_not_understand(client, page: str) -> None:
    words = client.get(f"{page}?period=all&as-of=2024-03-31&metric=revenue_minor").content.decode()
    assert "“as-of” is no option of reports" in words
    assert f'href="{page}?period=all&amp;metric=revenue_minor&amp;as_of=2024-03-31"' in words
    words = client.get(f"{page}?period=all&modle=first_touch&metric=revenue_minor").content.decode()
    assert "“modle” is no option of reports" in words
    reads_it = page in READ_A_MODEL
    assert (f'href="{page}?period=all&amp;metric=revenue_minor&amp;model=first_touch"' in words) is reads_it
    assert (f'href="{page}?period=all&amp;metric=revenue_minor">Take it out</a>' in words) is not reads_it


@pytest.mark.parametrize("page", PAGES)
def test_what_ad_and_mail_systems_add_to_a_link_troubles_nobody(client, page: str) -> None:
    added = "utm_source=mail&utm_id=7&fbclid=x&gclid=y&_hsenc=z&mc_eid=1&mkt_tok=2"
    plain = client.get(f"{page}?period=all&metric=revenue_minor")
    shared = client.get(f"{page}?period=all&metric=revenue_minor&{added}")
    assert shared.status_code == plain.status_code
    assert "is no option of reports" not in shared.content.decode()


def test_the_figures_are_those_without_it(client) -> None:
    page = reverse("closed_loop")
    plain, mistyped = (client.get(f"{page}?period=all&by=channel{more}") for more in ("", "&modle=first_touch"))
    assert [row.values for row in mistyped.context["result"].rows] == [
        row.values for row in plain.context["result"].rows
    ]


@pytest.mark.parametrize(
    "file", [reverse("closed_loop_download", args=["csv"]), reverse("report_download", args=["paths", "csv"])]
)
def test_a_file_has_no_room_for_a_notice_and_is_refused(client, file: str) -> None:
    answer = client.get(f"{file}?period=all&lokback=30")
    assert answer.status_code == 400
    assert "is no option of reports. Did you mean “" in answer.content.decode()
    assert client.get(f"{file}?period=all&lookback=30&utm_source=mail").status_code == 200


def test_names_are_shown_as_text_and_not_at_any_length(client) -> None:
    words = client.get(reverse("closed_loop"), {"<b>" + "x" * 500: "1", "": "2", **dict.fromkeys("abcdefgh", "3")})
    text = words.content.decode()
    assert "“&lt;b&gt;" + "x" * 36 + "…” is no option of reports" in text
    assert text.count("is no option of reports") == 5
    assert ">Take it out</a>" in text


def test_what_was_perhaps_meant_is_found() -> None:
    said = dict.fromkeys(("Model", "lookback_days", "half-life", "zzz", "from", "row", "utm_x"), "1")
    assert not_understood(said) == {"Model": "model", "lookback_days": "lookback", "half-life": "half_life", "zzz": ""}


@pytest.mark.parametrize("page", WITHOUT_A_MODEL)
def test_a_page_says_of_an_option_that_others_read_that_it_changes_nothing(client, page: str) -> None:
    words = client.get(f"{page}?period=all&model=linear&metric=quality_leads").content.decode()
    what = "dashboard" if "dashboards" in page else "report"
    assert f"“model” changes nothing here: this {what} has no model to choose." in words
    assert f'href="{page}?period=all&amp;metric=quality_leads">Take it out</a>' in words
    assert "changes nothing here" not in client.get(f"{page}?period=all&model=&compare=none").content.decode()


@pytest.mark.parametrize("page", sorted(READ_A_MODEL))
def test_a_page_that_reads_it_says_nothing(client, page: str) -> None:
    assert "changes nothing here" not in client.get(f"{page}?period=all&model=first_touch").content.decode()


@pytest.mark.parametrize("form", ["csv", "json", "xlsx", "parquet", "sql"])
def test_a_file_is_refused_for_an_option_that_changes_nothing(client, form: str) -> None:
    route, args = ("report_sql", ["paths"]) if form == "sql" else ("report_download", ["paths", form])
    answer = client.get(f"{reverse(route, args=args)}?period=all&model=linear")
    assert answer.status_code == 400
    said = "“model” changes nothing here: “Paths” has no model to choose. Leave it out."
    assert answer.content.decode().strip() == said


def test_the_command_line_says_it_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "paths", "--half-life", "3"]) == 2
    assert "--half-life changes nothing: “Paths” has no model to choose; leave it out" in capsys.readouterr().err


EVERY_OPTION = {
    "period": "all", "compare": "before", "clock": "period", "model": "first_touch", "as_of": "2024-05-30",
    "lookback": "30", "half_life": "3", "order": "2", "conversion": "lead", "people": "company", "kinds": "entry",
    "direct": "ignore", "humans": "all",
}  # fmt: skip


LINKING = (
    reverse("closed_loop"), reverse("closed_loop_behind"), reverse("weekly"), reverse("report", args=["paths"]),
    reverse("dashboard", args=["sales"]),
)  # fmt: skip
"""One of each kind of page; all others with LOOPLINE_CASES=all (`make test-slow`)."""
ALL_LINKING = (
    *PAGES, *(reverse("report", args=[key]) for key in REPORTS if key != "closed-loop"),
    *(reverse("dashboard", args=[key]) for key in DASHBOARDS),
)  # fmt: skip


@pytest.mark.cases
@pytest.mark.parametrize("page", ALL_LINKING if os.environ.get("LOOPLINE_CASES") == "all" else LINKING)
def test_no_link_of_a_page_leads_to_one_that_leaves_something_out(client, page: str) -> None:
    """Whatever the address says. Links that change only an option of the same page keep what is said of it there."""
    shown = client.get(page, EVERY_OPTION | {"metric": "revenue_minor"})
    if shown.status_code != 200:
        shown = client.get(page, EVERY_OPTION | {"metric": "quality_leads"})
    found = re.findall(r'(?:href|hx-get)="(/(?:reports|dashboards)/[^"]*\?[^"]+)"', shown.content.decode())
    parts = [unescape(link).partition("?") for link in found]
    others = {(path, tuple(sorted(parse_qs(query)))): f"{path}?{query}" for path, _, query in parts if path != page}
    for link in others.values():
        words = client.get(link).content.decode(errors="replace")
        assert "changes nothing here" not in words, link
        assert "is no option of reports" not in words, link


def test_what_was_kept_opens_without_a_notice(client) -> None:
    """Views, mails and frozen runs of before this was said may hold options that their report does not read."""
    user = User.objects.get()
    options = EVERY_OPTION | {"period": "custom", "from": "2024-03-01", "to": "2024-03-31"}
    SavedView.objects.create(name="Ways", report="paths", options=options, owner=user)
    now = utc_now()
    mail = ReportMail.objects.create(
        name="Ways by mail", report="paths", options=options, owner=user, next_at=now, not_before=now
    )
    told = run_report("paths", Options(by="path", first=day(1).date(), last=day(31).date()), engine(), BOOKS).to_json()
    run = freeze_run(told, options, by=user.actor)
    for page in (reverse("kept_reports"), reverse("frozen_run", args=[run.pk])):
        links = [
            unescape(one)
            for one in re.findall(r'href="(/reports/library/paths/\?[^"]*)"', client.get(page).content.decode())
        ]
        assert links, page
        for link in links:
            assert "changes nothing here" not in client.get(link).content.decode(), link
    assert "model=" not in _path(mail)
    assert "lookback=30" in _path(mail)


def test_what_the_forms_of_a_page_say_is_understood(client) -> None:
    words = client.get(f"{reverse('models')}?period=all&show=linear&show=last_touch&learnt=markov&windows=yes").content
    assert "is no option of reports" not in words.decode()
