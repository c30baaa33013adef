"""Count · what people keep of reports: frozen runs, saved views, and reports that come by mail."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from loopline.access.actor import NotAllowedError
from loopline.access.books import books_for
from loopline.access.models import Mail
from loopline.access.roles import Permission
from loopline.attribution.model import MODELS
from loopline.attribution.own_model import own_models
from loopline.reporting.comparing import options_of, runs_like
from loopline.reporting.freezing import freeze_run
from loopline.reporting.mailing import KEYS, MailPlan, end_report_mail, key_of, may_end, start_report_mail
from loopline.reporting.models import FrozenRun, ReportMail, SavedView
from loopline.reporting.saving import forget_view, save_view
from loopline.reports.address import read_address, usual_of
from loopline.reports.asked_words import asked_words
from loopline.reports.comparable import COMPARABLE
from loopline.reports.files.series import SERIES_FORMS
from loopline.reports.frozen import differences, digest_of, result_from, told_alike
from loopline.reports.keepable import KEEPABLE
from loopline.reports.option_words import said_and_read
from loopline.reports.options import OptionError
from loopline.reports.report import Report
from loopline.reports.result import ReportResult, Row
from loopline.reports.run import report_named, row_sparks, run_report_of, shows_over_time, told_whole
from loopline.reports.weekly.figures import KEY as WEEKLY
from loopline.store.current import engine
from loopline.web.access import PageRequest, allow
from loopline.web.forms.reports import FreezeForm, ReportMailForm, SaveViewForm
from loopline.web.report_files import as_file, no_file, wants_series
from loopline.web.report_pages import page_of, report_or_404
from loopline.web.spark_chart import sparks_drawn
from loopline.web.views.library import about_result
from loopline.web.views.reports import FORM_WORDS
from loopline.web.weekly_line import as_closed_loop, latest

MOST_RUNS = 100
MOST_DIFFERENCES = 100
MOST_STUCK = 5


def _at_first(report: Report, request: PageRequest) -> dict[str, Any]:
    """Whoever sets a mail up usually wants to read it."""
    return {"name": report.label, "recipients": [request.actor.id]}


def _first_error(form: Form) -> str:
    return next(str(error) for errors in form.errors.values() for error in errors)


def _back(key: str, request: PageRequest) -> HttpResponse:
    return redirect(page_of(key, urlencode(said_and_read(KEEPABLE[key], request.GET))))


@require_GET
@allow(Permission.SEE_REPORTS)
def kept_reports(request: PageRequest) -> HttpResponse:
    """Views, mails and frozen runs that this person may see."""
    asked = ReportMail.objects.visible_to(request.actor).filter(is_active=True)
    mails = _known(asked.select_related("owner").prefetch_related("recipients"))
    stuck = _stuck(mails)
    return render(
        request,
        "reports/kept_reports.html",
        {
            "views": [
                (one, _address(one))
                for one in _known(SavedView.objects.visible_to(request.actor).select_related("owner", "unit"))
            ],
            "mails": [(one, _address(one), stuck[one.pk], _ended_as(one, request)) for one in mails],
            "runs": FrozenRun.objects.visible_to(request.actor).defer("told")[:MOST_RUNS],
            "labels": {key: one.label for key, one in KEEPABLE.items()},
        },
    )


def _address(kept: SavedView | ReportMail) -> str:
    return page_of(kept.report, urlencode(said_and_read(KEEPABLE[kept.report], kept.options)))


def _ended_as(mail: ReportMail, request: PageRequest) -> str:
    """What this person may do about a mail: end it for all, or stop it for themselves."""
    if may_end(mail, request.actor):
        return "End"
    readers = {str(one.pk) for one in mail.recipients.all()}
    return "Stop for me" if request.actor.id in readers else ""


def _known(kept: Any) -> list[Any]:
    return [one for one in kept if one.report in KEEPABLE]


def _stuck(mails: list[ReportMail]) -> dict[UUID, list[str]]:
    """What the mail server answered to mails that did not go out, by report mail: one question for all of them."""
    found: dict[UUID, list[str]] = {mail.pk: [] for mail in mails}
    by_key = {key_of(mail): found[mail.pk] for mail in mails}
    stuck = Mail.objects.filter(key__startswith=KEYS, sent_at=None).exclude(trouble="").select_related("to")
    for one in stuck:
        told = by_key.get("/".join(one.key.split("/")[:2]) + "/")
        if told is not None and len(told) < MOST_STUCK:
            told.append(f"{one.to.name}: {one.trouble}")
    return found


@require_POST
@allow(Permission.SEE_REPORTS)
def report_freeze(request: PageRequest, key: str) -> HttpResponse:
    """Keep the report as it is now."""
    report, books, form = report_or_404(key, COMPARABLE), books_for(request.actor), FreezeForm(request.POST)
    if not form.is_valid():
        messages.error(request, _first_error(form))
        return _back(key, request)
    try:
        asked = read_address(request.GET, books, timezone.localdate(), usual_of(report))
        result = run_report_of(report, asked.options, engine(), books)
        told = told_whole(result, asked.options, engine(), books)
    except OptionError as error:
        messages.error(request, str(error))
        return _back(key, request)
    # A period such as “last month” means another one next month; what is kept names its days.
    said = {
        name: value for name, value in said_and_read(report, request.GET).items() if name not in ("as_of", "compare")
    }
    exact = said | {"period": "custom", "from": result.first.isoformat(), "to": result.last.isoformat()}
    run = freeze_run(told, exact, note=form.cleaned_data["note"], by=request.actor)
    messages.success(request, "Frozen. The figures, their digest and the moment are kept, and the audit log says so.")
    return redirect("frozen_run", run.pk)


@require_GET
@allow(Permission.SEE_REPORTS)
def frozen_run(request: PageRequest, run_id: UUID) -> HttpResponse:
    """A report as it was; with `again` also what it says today."""
    run = get_object_or_404(FrozenRun.objects.visible_to(request.actor), pk=run_id)
    report, result = report_or_404(run.report, COMPARABLE), result_from(run.told)
    rows = _shown(result)
    shown = about_result(report, result, None) | {
        "result": replace(result, rows=[*rows]),
        "left_out": len(result.rows) - len(rows),
        "run": run,
        "forms": FORM_WORDS,
        "options_query": urlencode(said_and_read(report, run.options) | {"as_of": run.as_of.isoformat()}),
        "live": f"{page_of(run.report)}?{urlencode(said_and_read(report, run.options))}",
        "asked_words": asked_words(run.told, report, MODELS | own_models(engine(), {"as_of": run.as_of})),
        "is_whole": digest_of(run.told) == run.digest,
        "others": runs_like(run, request.actor).defer("told"),
        "sparks": sparks_drawn(result.over_time, result),
        "spark_metric": result.over_time.metric if result.over_time else None,
        "series_forms": SERIES_FORMS,
        "is_without_course": "over_time" not in run.told and shows_over_time(report) and not result.is_empty,
    }
    if run.report == WEEKLY:
        said = run.options | {"as_of": run.as_of.isoformat()}
        query = as_closed_loop(said, result.first, result.last)
        shown |= {"is_tall": True, "unusual_report": "closed-loop", "unusual_query": query}
    if request.GET.get("again"):
        shown |= _again(run, request)
    return render(request, "reports/frozen_run.html", shown)


def _shown(result: ReportResult) -> Sequence[Row]:
    """Of the weekly table, which has a line for each week and channel, the latest; of any other report its rows."""
    return latest(result.rows, lambda row: row.key.split("/", 1)[0]) if result.report == WEEKLY else result.rows


def _again(run: FrozenRun, request: PageRequest) -> dict[str, Any]:
    """The same question today: of the books as of then, and of the books as of now."""
    books = books_for(request.actor)
    try:
        options = options_of(run, books)
        report = report_named(run.report, COMPARABLE)
        then = run_report_of(report, replace(options, as_of=run.as_of), engine(), books)
        now = run_report_of(report, options, engine(), books)
    except OptionError as error:
        return {"trouble": str(error)}

    def holds(result: ReportResult) -> bool:
        told = told_alike(result, run.told, lambda: row_sparks(result, options, engine(), books))
        return digest_of(told) == run.digest

    found = differences(result_from(run.told), now)
    return {
        "then_holds": holds(then),
        "now": now,
        "now_holds": holds(now),
        "differences": found[:MOST_DIFFERENCES],
        "more": len(found) - MOST_DIFFERENCES,
    }


@require_GET
@allow(Permission.SEE_REPORTS)
def frozen_run_download(request: PageRequest, run_id: UUID, form: str) -> HttpResponse:
    run = get_object_or_404(FrozenRun.objects.visible_to(request.actor), pk=run_id)
    try:
        return as_file(run.told, form, is_series=wants_series(request.GET))
    except OptionError as error:
        return no_file(error)


@require_POST
@allow(Permission.SEE_REPORTS)
def view_save(request: PageRequest, key: str) -> HttpResponse:
    """Keep the options of a report under a name."""
    report_or_404(key, KEEPABLE)
    form = SaveViewForm(request.POST, actor=request.actor)
    try:
        if not form.is_valid():
            raise ValidationError(_first_error(form))
        said = said_and_read(KEEPABLE[key], request.GET)
        view = save_view(form.cleaned_data["name"], key, said, unit=form.cleaned_data["unit"], by=request.actor)
    except (ValidationError, NotAllowedError) as error:
        messages.error(request, error.messages[0] if isinstance(error, ValidationError) else str(error))
    else:
        messages.success(request, f"Saved as “{view.name}”. It is under Reports › Kept.")
    return _back(key, request)


@require_POST
@allow(Permission.SEE_REPORTS)
def view_forget(request: PageRequest, view_id: UUID) -> HttpResponse:
    view = get_object_or_404(SavedView.objects.visible_to(request.actor), pk=view_id)
    try:
        forget_view(view, by=request.actor)
    except NotAllowedError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"“{view.name}” is forgotten.")
    return redirect("kept_reports")


@allow(Permission.SEE_REPORTS)
def report_mail_new(request: PageRequest, key: str) -> HttpResponse:
    """A report that comes by mail: how often, and to whom."""
    report = report_or_404(key, KEEPABLE)
    form = ReportMailForm(request.POST or None, actor=request.actor, initial=_at_first(report, request))
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        plan = MailPlan(
            given["name"], key, said_and_read(report, request.GET), tuple(given["recipients"]), given["cadence"],
            form.on, given["at"],
        )  # fmt: skip
        try:
            mail = start_report_mail(plan, by=request.actor)
        except ValidationError as error:
            form.take_errors(error)
        else:
            moment = timezone.localtime(mail.next_at)
            messages.success(request, f"Set up. The first one goes out on {moment:%-d %b %Y at %H:%M}.")
            return redirect("kept_reports")
    shown = {"form": form, "report": report, "back": page_of(key), "said": said_and_read(report, request.GET)}
    return render(request, "reports/report_mail.html", shown, status=422 if form.errors else 200)


@require_POST
@allow(Permission.SEE_REPORTS)
def report_mail_end(request: PageRequest, mail_id: UUID) -> HttpResponse:
    mail = get_object_or_404(ReportMail.objects.visible_to(request.actor), pk=mail_id)
    try:
        end_report_mail(mail, by=request.actor)
    except NotAllowedError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"“{mail.name}” does not come any more.")
    return redirect("kept_reports")
