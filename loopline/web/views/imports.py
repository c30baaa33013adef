"""Imports: send files, see what would become of each row, take them in, take them back."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from loopline.access.audit import audit
from loopline.access.roles import Permission
from loopline.lib.times import utc_now
from loopline.sync.fields import FIELDS
from loopline.sync.importing import verdict_path
from loopline.sync.mapping import MappingError
from loopline.sync.models import ImportRun
from loopline.sync.preview import FilePreview, preview
from loopline.sync.shape import FileRefusedError, find_shape
from loopline.sync.suggest import suggested_mapping
from loopline.sync.undo import UndoRefusedError, undo_import
from loopline.sync.uploads import asked, forget, keep, kept, run_beside
from loopline.sync.verdicts import Answer, Tally, problems_in
from loopline.web.access import PageRequest, allow
from loopline.web.forms.imports import MappingForm, UploadForm

_PROBLEMS = 50
TONES = {Answer.CREATED: "good", Answer.UPDATED: "accent", Answer.UNCHANGED: "quiet", Answer.REFUSED: "bad"}
Refusals = (MappingError, FileRefusedError)


@allow(Permission.IMPORT)
def imports(request: PageRequest) -> HttpResponse:
    runs = ImportRun.objects.visible_to(request.actor).select_related("unit")
    page = Paginator(runs, 25).get_page(request.GET.get("page"))
    rows = [{"run": run, "told": _tally(run).sentence, "is_stalled": run.is_stalled(utc_now())} for run in page]
    form = UploadForm(actor=request.actor)
    return render(request, "imports/imports.html", {"page": page, "rows": rows, "form": form})


@allow(Permission.IMPORT)
def import_new(request: PageRequest) -> HttpResponse:
    """Keep the files as a draft, with the mapping that was sent or a suggested one."""
    if request.method != "POST":
        return redirect("imports")  # the form stands there; the address was typed in, or loaded again after an error
    form = UploadForm(request.POST, request.FILES, actor=request.actor)
    if not form.is_valid():
        return render(request, "imports/imports.html", {"form": form, "rows": []}, status=422)
    sent = form.cleaned_data["tables"]
    run = ImportRun(unit=form.cleaned_data["unit"], status=ImportRun.Status.DRAFT, by_name=request.actor.name)
    keep(settings.CONFIG.data, run, [(file.name, file.chunks()) for file in sent])
    try:
        run.mapping = form.cleaned_data["mapping"] or _suggested(run)
    except FileRefusedError as error:
        forget(settings.CONFIG.data, run)
        form.add_error("tables", str(error))
        return render(request, "imports/imports.html", {"form": form, "rows": []}, status=422)
    run.file_name = " + ".join(name for _, name in kept(settings.CONFIG.data, run))[:300]
    with transaction.atomic():
        run.save()
        audit(request.actor, "draft_import", run, files=run.file_name)
    return redirect("import_run", run.pk)


def _suggested(run: ImportRun) -> str:
    files = [(name, find_shape(path)) for path, name in kept(settings.CONFIG.data, run)]
    return suggested_mapping(files, unit=run.unit.key)


@allow(Permission.IMPORT)
def import_run(request: PageRequest, run_id: UUID) -> HttpResponse:
    run = _find(request, run_id)
    context = _draft(request, run) if run.status == ImportRun.Status.DRAFT else _told(run)
    if request.htmx:
        return render(request, "imports/import_run.html#state", context)
    return render(request, "imports/import_run.html", context)


def _draft(request: PageRequest, run: ImportRun, form: MappingForm | None = None) -> dict[str, Any]:
    context: dict[str, Any] = {
        "run": run,
        "form": form or MappingForm(initial={"mapping": run.mapping}),
        "fields": FIELDS,
    }
    try:
        files = preview(asked(settings.CONFIG.data, run), by=request.actor)
        context |= {"files": [_shown(one) for one in files], "take_label": _take_label(files)}
    except Refusals as error:
        context["trouble"] = str(error)
    return context


def _take_label(files: list[FilePreview]) -> str:
    """What the button that takes the files in does, as far as the rows that were looked at tell."""
    refused = sum(one.refused for one in files)
    if not refused:
        return "Import all rows"
    if not all(one.is_whole for one in files):
        return "Import, leave out what is refused"
    taken = sum(len(one.rows) for one in files) - refused
    return f"Import {taken} row{'' if taken == 1 else 's'}, leave out {refused}"


def _shown(file: FilePreview) -> dict[str, Any]:
    """A preview as a table: a cell for each field that any row fills."""
    rows = [
        {
            "verdict": row.verdict,
            "tone": "warn" if row.verdict.has_warning else TONES[row.verdict.answer],
            "cells": [row.values.get(name, "") for name in file.fields],
        }
        for row in file.rows
    ]
    return {
        "name": file.name,
        "kind": file.kind,
        "shape": file.shape,
        "columns": file.fields,
        "rows": rows,
        "width": len(file.fields) + 1,
    }


def _told(run: ImportRun) -> dict[str, Any]:
    path = verdict_path(settings.CONFIG.data, run)
    now = utc_now()
    return {
        "run": run,
        "told": _tally(run).sentence,
        "has_verdicts": path.exists(),
        "problems": problems_in(path, _PROBLEMS) if path.exists() else [],
        "is_stalled": run.is_stalled(now),
        "has_ended": run.has_ended(now),
        "can_run_again": run.has_ended(now) and bool(kept(settings.CONFIG.data, run)),
    }


def _tally(run: ImportRun) -> Tally:
    tally = Tally()
    tally.counts.update(run.counts)
    return tally


@require_POST
@allow(Permission.IMPORT)
def import_map(request: PageRequest, run_id: UUID) -> HttpResponse:
    """Change the mapping of a draft and look again; with `run`, take the files in."""
    run = _find(request, run_id)
    if run.status != ImportRun.Status.DRAFT:
        raise Http404
    form = MappingForm(request.POST)
    if form.is_valid():
        run.mapping = form.cleaned_data["mapping"]
        run.save(update_fields=["mapping"])
        if "run" in request.POST:
            _start(request, run)
        return redirect("import_run", run.pk)
    return render(request, "imports/import_run.html", _draft(request, run, form), status=422)


@require_POST
@allow(Permission.IMPORT)
def import_again(request: PageRequest, run_id: UUID) -> HttpResponse:
    """Run an import that stopped once more; what is in already is not doubled."""
    run = _find(request, run_id)
    if run.has_ended(utc_now()) and run.status != ImportRun.Status.DONE:
        _start(request, run)
    return redirect("import_run", run.pk)


def _start(request: PageRequest, run: ImportRun) -> bool:
    try:
        run_beside(settings.CONFIG.data, run, by=request.actor)
    except Refusals as error:
        messages.error(request, str(error))
        return False
    return True


@require_POST
@allow(Permission.IMPORT)
def import_discard(request: PageRequest, run_id: UUID) -> HttpResponse:
    """Forget a draft and its files."""
    run = _find(request, run_id)
    if run.status == ImportRun.Status.DRAFT:
        forget(settings.CONFIG.data, run)
        with transaction.atomic():
            audit(request.actor, "discard_import", run)
            run.delete()
        messages.success(request, "The draft and its files are gone.")
    return redirect("imports")


@require_POST
@allow(Permission.IMPORT)
def import_undo(request: PageRequest, run_id: UUID) -> HttpResponse:
    run = _find(request, run_id)
    try:
        undone = undo_import(run, by=request.actor)
    except UndoRefusedError as error:
        messages.error(request, str(error))
    else:
        forget(settings.CONFIG.data, run)
        kept_text = f" {undone.kept:,} stay, because somebody worked with them." if undone.kept else ""
        messages.success(request, f"{undone.removed:,} records removed, {undone.restored:,} set back.{kept_text}")
    return redirect("import_run", run.pk)


@allow(Permission.IMPORT)
def import_verdicts(request: PageRequest, run_id: UUID) -> HttpResponseBase:
    """The verdict of each row, as a CSV file."""
    run = _find(request, run_id)
    path = verdict_path(settings.CONFIG.data, run)
    if not path.exists():
        raise Http404
    return FileResponse(path.open("rb"), as_attachment=True, filename=f"verdicts-{run.pk}.csv", content_type="text/csv")


def _find(request: PageRequest, run_id: UUID) -> ImportRun:
    return get_object_or_404(ImportRun.objects.visible_to(request.actor).select_related("unit"), pk=run_id)
