"""Frozen runs, saved views and reports by mail: what they hold, who sees them, what happens when something fails."""

import json
import re
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.core import mail as outbox
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from loopline.access.mail import send_waiting
from loopline.access.models import AuditEntry, BusinessUnit, Mail
from loopline.access.roles import Role
from loopline.lib.times import utc_now
from loopline.reporting import mailing
from loopline.reporting.calendar import next_monthly, next_weekly
from loopline.reporting.comparing import run_named
from loopline.reporting.mailing import MailPlan, end_report_mail, key_of, send_due, start_report_mail
from loopline.reporting.models import FrozenRun, ReportMail, SavedView
from loopline.reports.frozen import digest_of, result_from
from loopline.reports.options import OptionError
from loopline.store.current import use_engine
from loopline.store.duckdb_engine import DuckDBEngine
from tests.attribution.shelf import Shelf
from tests.make import make_unit, make_user, signed_in
from tests.reports.sheets import sheet

pytestmark = pytest.mark.django_db


@pytest.fixture
def units(store: DuckDBEngine) -> tuple[BusinessUnit, BusinessUnit]:
    """North sold for 1,000.10, south for 77,777.77, both a minute ago."""
    north, south = make_unit("North"), make_unit("South")
    shelf, now = Shelf(store), utc_now() - timedelta(minutes=1)
    for unit, key, amount in ((north, "open<b>", 1_000_10), (south, "hush", 77_777_77)):
        shelf.fact("company_facts", key, unit_id=str(unit.pk), name=key, industry=key, learnt=now)
        shelf.won(f"won-{key}", "", now, amount, unit_id=str(unit.pk), company_id=key, learnt=now)
    shelf.store()
    return north, south


def marketer(unit: BusinessUnit) -> Client:
    return signed_in(make_user(Role.MARKETING, unit=unit))


def freeze(client: Client, key: str = "buyers") -> FrozenRun:
    answer = client.post(reverse("report_freeze", args=[key]) + "?period=last_month&by=" + (
        "industry" if key == "buyers" else "channel"), {"note": "Board, Q3"})  # fmt: skip
    return FrozenRun.objects.get(pk=answer.headers["Location"].split("/")[-2])


def test_a_frozen_run_keeps_figures_options_moment_and_digest_and_the_audit_log_says_so(
    units: tuple[BusinessUnit, BusinessUnit],
) -> None:
    client = marketer(units[0])
    answer = client.post(reverse("report_freeze", args=["buyers"]), {"note": "Board, Q3"})
    run = FrozenRun.objects.get()
    assert answer.headers["Location"] == reverse("frozen_run", args=[run.pk])
    assert run.told["totals"]["closed_minor"] == 1_000_10
    assert run.options["period"] == "custom", "a period by name would be another one next month"
    assert (run.digest, len(run.digest)) == (digest_of(run.told), 64)
    entry = AuditEntry.objects.get(verb="freeze_run")
    assert (entry.object_id, entry.detail["digest"]) == (str(run.pk), run.digest)
    again = result_from(run.told)
    assert again.over_time
    assert again.over_time.told(again.to_json()) == run.told
    assert run_named("buyers", str(run.pk), make_user(Role.ADMINISTRATOR).actor) == run
    with pytest.raises(OptionError, match="no frozen run"):
        run_named("buyers", "nonsense", make_user(Role.ADMINISTRATOR).actor)


def test_the_digest_is_of_the_figures_and_not_of_names_or_order(units: tuple[BusinessUnit, BusinessUnit]) -> None:
    told = freeze(signed_in(make_user(Role.ADMINISTRATOR))).told
    told = json.loads(json.dumps(told))
    assert digest_of(told | {"rows": told["rows"][::-1], "title": "Another", "as_of": "later"}) == digest_of(told)
    told["totals"]["closed_minor"] += 1
    assert digest_of(told) != FrozenRun.objects.get().digest


@pytest.mark.parametrize("key", ["buyers", "closed-loop"])
def test_what_the_rows_showed_over_time_is_kept_with_the_figures(
    key: str, units: tuple[BusinessUnit, BusinessUnit]
) -> None:
    client = marketer(units[0])
    client.post(reverse("report_freeze", args=[key]) + "?period=last_90_days")
    run = FrozenRun.objects.get()
    [row] = run.told["rows"]
    assert sum(row["over_time"]) == row[run.told["over_time"]["metric"]] == 1_000_10
    page = client.get(reverse("frozen_run", args=[run.pk])).content.decode()
    assert 'class="spark"' in page
    assert "series=yes" in page
    assert "does not fit" not in page
    lines = client.get(reverse("frozen_run_download", args=[run.pk, "csv"]), {"series": "yes"}).content.decode()
    assert "1000.10" in lines
    assert [line[0] for line in sheet(client.get(reverse("frozen_run_download", args=[run.pk, "xlsx"])).content, 2)][1:]
    told = json.loads(json.dumps(run.told))
    place = next(place for place, point in enumerate(told["rows"][0]["over_time"]) if point)
    told["rows"][0]["over_time"][place] -= 1
    told["rows"][0]["over_time"][place - 1] += 1
    FrozenRun.objects.filter(pk=run.pk).update(told=told)
    assert "does not fit" in client.get(reverse("frozen_run", args=[run.pk])).content.decode(), "moved by a week"


def test_a_note_that_is_too_long_is_refused_and_never_cut(units: tuple[BusinessUnit, BusinessUnit]) -> None:
    client = marketer(units[0])
    refused = client.post(reverse("report_freeze", args=["buyers"]), {"note": "n" * 201}, follow=True)
    assert "at most 200 characters" in refused.content.decode()
    assert not FrozenRun.objects.exists()
    client.post(reverse("report_freeze", args=["buyers"]), {"note": f" {'n' * 200} "})
    assert FrozenRun.objects.get().note == "n" * 200
    listed = client.get(reverse("kept_reports")).content.decode()
    name = re.search(rf'<th scope="row" class="([^"]*)">(?:(?!</th>).)*{"n" * 200}', listed)
    assert name is not None
    assert "wraps" in name[1].split(), "it leaves the other columns their room"


def test_a_run_from_before_says_that_its_course_was_not_kept_and_is_whole(
    units: tuple[BusinessUnit, BusinessUnit],
) -> None:
    client = marketer(units[0])
    client.post(reverse("report_freeze", args=["buyers"]) + "?period=last_90_days")
    run = FrozenRun.objects.get()
    told = {name: value for name, value in run.told.items() if name != "over_time"}
    told["rows"] = [{name: value for name, value in row.items() if name != "over_time"} for row in told["rows"]]
    FrozenRun.objects.filter(pk=run.pk).update(told=told, digest=digest_of(told))
    page = client.get(reverse("frozen_run", args=[run.pk]), {"again": "1"}).content.decode()
    assert "was not kept with this run" in page
    assert page.count("unchanged") == 2
    assert "series=yes" not in page
    assert client.get(reverse("frozen_run_download", args=[run.pk, "xlsx"])).status_code == 200
    answer = client.get(reverse("frozen_run_download", args=[run.pk, "csv"]), {"series": "yes"})
    assert (answer.status_code, b"nothing over time" in answer.content) == (400, True)


def test_the_digest_does_not_change_with_weeks_of_the_period_that_begin_later(
    units: tuple[BusinessUnit, BusinessUnit],
) -> None:
    client = marketer(units[0])
    client.post(reverse("report_freeze", args=["buyers"]) + "?period=last_90_days")
    told = json.loads(json.dumps(FrozenRun.objects.get().told))
    told["over_time"]["periods"].append({"from": "2999-01-01", "to": "2999-01-07"})
    for row in told["rows"]:
        row["over_time"].append(0)
    assert digest_of(told) == FrozenRun.objects.get().digest


@pytest.mark.parametrize(("key", "said"), [("buyers", "€1,056"), ("closed-loop", "€1,056"), ("coverage", "€1,055.65")])
def test_run_again_has_the_same_digest_until_something_becomes_known(
    key: str, said: str, store: DuckDBEngine, units: tuple[BusinessUnit, BusinessUnit]
) -> None:
    client = marketer(units[0])
    client.post(reverse("report_freeze", args=[key]) + "?period=this_year")
    run = FrozenRun.objects.get()
    page = reverse("frozen_run", args=[run.pk])
    assert client.get(page, {"again": "1"}).content.decode().count("unchanged") == 2
    late, shelf = utc_now() - timedelta(minutes=1), Shelf(store)
    shelf.won("late", "", late, 55_55, unit_id=str(units[0].pk), company_id="open<b>", learnt=utc_now())
    shelf.store()
    text = client.get(page, {"again": "1"}).content.decode()
    assert text.count("unchanged") == 1
    assert "€1,000" in text
    assert said in text, "what the books say now stands beside what was frozen"
    assert f"{reverse('report_changes', args=[key])}?frozen={run.pk}&amp;against=now" in text


def test_only_who_sees_all_its_units_sees_a_frozen_run(units: tuple[BusinessUnit, BusinessUnit]) -> None:
    run = freeze(signed_in(make_user(Role.ADMINISTRATOR)))
    page, file = reverse("frozen_run", args=[run.pk]), reverse("frozen_run_download", args=[run.pk, "csv"])
    make_user()
    assert Client().get(page).headers["Location"].startswith("/account/login/")
    for address in (page, file):
        assert marketer(units[0]).get(address).status_code == 404
        assert signed_in(make_user(Role.FINANCE)).get(address).status_code == 200
    both = make_user(Role.MARKETING, unit=units[0])
    both.units.add(units[1])
    own = freeze(signed_in(both))
    assert marketer(units[0]).get(reverse("frozen_run", args=[own.pk])).status_code == 404
    assert signed_in(both).get(reverse("frozen_run", args=[own.pk])).status_code == 200


def test_a_view_is_ones_own_or_shared_with_a_unit(units: tuple[BusinessUnit, BusinessUnit]) -> None:
    owner, north, south = make_user(Role.SALES, unit=units[0]), marketer(units[0]), marketer(units[1])
    client, save = signed_in(owner), reverse("view_save", args=["buyers"]) + "?by=size&period=last_year&evil=1"
    client.post(save, {"name": "Sizes <script>"})
    client.post(save, {"name": "For all", "unit": str(units[0].pk)})
    kept = reverse("kept_reports")
    assert SavedView.objects.get(name="For all").options == {"period": "last_year", "by": "size"}
    assert "Sizes &lt;script&gt;" in client.get(kept).content.decode()
    assert "period=last_year&amp;by=size" in client.get(kept).content.decode()
    assert "For all" in north.get(kept).content.decode()
    assert "Sizes" not in north.get(kept).content.decode()
    assert "For all" not in south.get(kept).content.decode()
    shared = SavedView.objects.get(name="For all")
    forget = reverse("view_forget", args=[shared.pk])
    assert south.post(forget).status_code == 404
    north.post(forget)
    assert SavedView.objects.filter(pk=shared.pk).exists(), "it is not theirs to forget"
    client.post(forget)
    assert not SavedView.objects.filter(pk=shared.pk).exists()
    client.post(save, {"name": "Elsewhere", "unit": str(units[1].pk)})
    client.post(save, {"name": "  "})
    assert list(SavedView.objects.values_list("name", flat=True)) == ["Sizes <script>"]


def weekly(*recipients: Any, **plan: Any) -> MailPlan:
    return MailPlan(
        **({"name": "Buyers", "report": "buyers", "options": {"by": "industry"}} | plan), recipients=recipients
    )


def test_everybody_gets_by_mail_what_they_may_see_with_a_picture_and_files(
    settings: Any, units: tuple[BusinessUnit, BusinessUnit], store: DuckDBEngine
) -> None:
    settings.SENDS_MAIL = True
    shelf, now = Shelf(store), utc_now() - timedelta(seconds=30)
    shelf.fact("company_facts", "two", unit_id=str(units[0].pk), name="two", industry="two", learnt=now)
    shelf.won("won-two", "", now, 5_00, unit_id=str(units[0].pk), company_id="two", learnt=now)
    shelf.store()
    north, boss = make_user(Role.MARKETING, unit=units[0]), make_user(Role.ADMINISTRATOR)
    mail = start_report_mail(weekly(north, boss), by=boss.actor)
    assert send_due(at=mail.next_at - timedelta(minutes=1)) == 0
    assert send_due(at=mail.next_at) == 2
    assert send_due(at=mail.next_at + timedelta(minutes=1)) == 0, "each is sent once"
    send_waiting(at=mail.next_at)
    sent = {one.to[0]: one for one in outbox.outbox}
    html = str(sent[north.email].alternatives[0][0])
    assert "open&lt;b&gt;" in html
    assert "hush" not in html
    assert all(one in html for one in ("width=device-width", "prefers-color-scheme: dark", "max-width:100%"))
    assert "Revenue, EUR</p>" in html, "the chart says what it shows"
    assert "hush" in str(sent[boss.email].alternatives[0][0])
    kinds = [one.get_content_type() for one in sent[north.email].attachments]
    assert kinds == [
        "image/png", "text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ]  # fmt: skip
    assert sent[north.email].attachments[0].get_payload(decode=True).startswith(b"\x89PNG")
    mail.refresh_from_db()
    assert (mail.trouble, mail.last_sent_at is not None) == ("", True)


def test_the_weekly_table_is_kept_as_a_view_and_comes_by_mail_to_each_as_far_as_they_see(
    settings: Any, units: tuple[BusinessUnit, BusinessUnit]
) -> None:
    settings.SENDS_MAIL = True
    north, boss = make_user(Role.MARKETING, unit=units[0]), make_user(Role.ADMINISTRATOR)
    client, said = signed_in(north), "?by=unit&period=last_90_days"
    client.post(reverse("view_save", args=["weekly"]) + said, {"name": "Weeks by unit"})
    kept = client.get(reverse("kept_reports")).content.decode()
    assert f"{reverse('weekly')}?period=last_90_days&amp;by=unit" in kept
    assert "Weekly table" in kept
    page = client.get(reverse("weekly")).content.decode()
    assert reverse("report_mail_new", args=["weekly"]) in page
    given = {"name": "Weekly table", "cadence": "weekly", "weekday": "3", "day": "1", "at": "07:00"}
    answer = signed_in(boss).post(
        reverse("report_mail_new", args=["weekly"]) + said, given | {"recipients": [str(north.pk), str(boss.pk)]}
    )
    assert answer.headers["Location"] == reverse("kept_reports")
    mail = ReportMail.objects.get()
    assert (mail.day, timezone.localtime(mail.next_at).strftime("%A")) == (3, "Wednesday")
    at = mail.next_at
    assert send_due(at=at) == 2
    send_waiting(at=at)
    sent = {one.to[0]: one for one in outbox.outbox}
    html = str(sent[north.email].alternatives[0][0])
    assert "Revenue, EUR" in html
    assert ">€1,000</td>" in html
    assert "77,777" not in html
    assert "/reports/weekly/?period=last_90_days&amp;by=unit" in html
    assert sent[north.email].subject == "Weekly table"
    files = {one.get_content_type(): one.get_payload(decode=True) for one in sent[north.email].attachments}
    assert b"week,unit,channel,spend,touches,leads,revenue" in files["text/csv"]
    assert b"77777.77" not in files["text/csv"]
    [xlsx] = [content for kind, content in files.items() if "spreadsheet" in kind]
    assert {row[1] for row in sheet(xlsx, 1)[1:]} == {"North"}


def test_what_cannot_be_worked_out_is_shown_and_tried_again(units: tuple[BusinessUnit, BusinessUnit]) -> None:
    user = make_user(Role.MARKETING, unit=units[0])
    mail = start_report_mail(weekly(user), by=user.actor)
    due = mail.next_at
    use_engine(None)
    assert send_due(at=due) == 0
    mail.refresh_from_db()
    assert (mail.next_at, mail.not_before - due) == (due, timedelta(minutes=15))
    assert user.name in mail.trouble
    assert "not sent:" in signed_in(user).get(reverse("kept_reports")).content.decode()
    send_due(at=due + timedelta(days=1, minutes=1))
    mail.refresh_from_db()
    assert mail.next_at == due + timedelta(days=7), "after a day the next one is waited for"
    assert Mail.objects.count() == 0


def test_what_was_not_delivered_is_shown_however_many_mails_there_are(
    units: tuple[BusinessUnit, BusinessUnit], django_assert_max_num_queries: Any
) -> None:
    user = make_user(Role.MARKETING, unit=units[0])
    client, mails = signed_in(user), [start_report_mail(weekly(user, name=f"M{n}"), by=user.actor) for n in range(30)]
    for mail in mails[:2]:
        Mail.objects.create(
            key=f"{key_of(mail)}1/{user.pk}", to=user, subject="M", text="", trouble=f"full {mail.name}"
        )
    with django_assert_max_num_queries(25):
        text = client.get(reverse("kept_reports")).content.decode()
    assert text.count("not delivered:") == 2
    assert "full M1" in text


def test_one_that_runs_into_something_unforeseen_does_not_hold_up_the_others(
    units: tuple[BusinessUnit, BusinessUnit], monkeypatch: pytest.MonkeyPatch
) -> None:
    user = make_user(Role.MARKETING, unit=units[0])
    bad, good = (start_report_mail(weekly(user, name=name), by=user.actor) for name in ("A", "B"))
    write = mailing.letter_of

    def breaks(name: str, *asked: Any) -> Any:
        return {}["nothing"] if name == "A" else write(name, *asked)

    monkeypatch.setattr(mailing, "letter_of", breaks)
    assert send_due(at=bad.next_at) == 1
    bad.refresh_from_db()
    good.refresh_from_db()
    assert ("unforeseen" in bad.trouble, good.trouble) == (True, "")
    assert bad.not_before == bad.next_at + timedelta(minutes=15)


def test_who_may_not_see_reports_any_more_gets_none(units: tuple[BusinessUnit, BusinessUnit]) -> None:
    user, gone = make_user(Role.MARKETING, unit=units[0]), make_user(Role.SALES, unit=units[0])
    mail = start_report_mail(weekly(user, gone), by=user.actor)
    gone.is_active = False
    gone.save()
    assert send_due(at=mail.next_at) == 1


@pytest.mark.parametrize(
    "plan", [{"name": " "}, {"day": 0}, {"day": 8}, {"cadence": "monthly", "day": 29}, {"report": "none"},
             {"options": {"by": "weather"}}, {"options": {"model": "x"}}],
)  # fmt: skip
def test_a_mail_that_cannot_come_is_refused(plan: dict[str, Any], units: tuple[BusinessUnit, BusinessUnit]) -> None:
    user = make_user(Role.MARKETING, unit=units[0])
    with pytest.raises(ValidationError):
        start_report_mail(weekly(user, **plan), by=user.actor)
    assert not ReportMail.objects.exists()


def test_a_mail_is_set_up_and_ended_on_its_page_by_who_may(units: tuple[BusinessUnit, BusinessUnit]) -> None:
    owner, reader = make_user(Role.MARKETING, unit=units[0]), make_user(Role.SALES, unit=units[0])
    client, page = signed_in(owner), reverse("report_mail_new", args=["buyers"]) + "?by=size"
    given = {
        "name": "Sizes",
        "cadence": "monthly",
        "weekday": "5",
        "day": "3",
        "at": "06:30",
        "recipients": [str(reader.pk)],
    }
    make_user()
    assert Client().get(page).headers["Location"].startswith("/account/login/")
    form = client.get(page).content.decode()
    assert '<option value="1" selected>Monday</option>' in form
    assert '<option value="7">Sunday</option>' in form
    assert client.post(page, given | {"recipients": []}).status_code == 422
    assert client.post(page, given | {"cadence": "weekly", "weekday": "8"}).status_code == 422
    stranger = make_user(Role.SALES, unit=units[1])
    assert client.post(page, given | {"recipients": [str(stranger.pk)]}).status_code == 422
    assert client.post(page, given).headers["Location"] == reverse("kept_reports")
    mail = ReportMail.objects.get()
    assert (mail.options, mail.at, mail.next_at.day) == ({"by": "size"}, time(6, 30), 3)
    end = reverse("report_mail_end", args=[mail.pk])
    for who, offered in ((owner, "End"), (reader, "Stop for me"), (make_user(Role.FINANCE), None)):
        page = signed_in(who).get(reverse("kept_reports")).content.decode()
        assert (end in page) == (offered is not None), "nobody is offered what they may not do"
        assert offered is None or f">{offered}</button>" in page
    assert signed_in(stranger).post(end).status_code == 404
    signed_in(reader).post(end)
    mail.refresh_from_db()
    assert (mail.is_active, mail.recipients.count()) == (True, 0)
    end_report_mail(mail, by=owner.actor)
    assert not ReportMail.objects.filter(is_active=True).exists()


def test_the_days_of_mails_are_those_of_the_organisation() -> None:
    """Oslo: an hour before UTC in winter, two in summer; 2026-03-29 the clocks go forward."""
    friday = datetime(2026, 3, 27, 12, tzinfo=UTC)
    assert next_weekly(1, time(7), "Europe/Oslo", friday) == datetime(2026, 3, 30, 5, tzinfo=UTC)
    assert next_weekly(5, time(13), "Europe/Oslo", friday) == datetime(2026, 4, 3, 11, tzinfo=UTC)
    assert next_monthly(28, time(7), "Europe/Oslo", friday) == datetime(2026, 3, 28, 6, tzinfo=UTC)
    assert next_monthly(1, time(7), "Europe/Oslo", datetime(2026, 12, 31, tzinfo=UTC)) == datetime(
        2027, 1, 1, 6, tzinfo=UTC
    )
