"""Tasks: what someone promised to do, by day; a manager sees the team's."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from loopline.access.actor import Actor
from loopline.access.models import BusinessUnit, User
from loopline.access.roles import Permission
from loopline.lib.ids import uuid_or_none
from loopline.lib.times import utc_now
from loopline.people.models import Person
from loopline.pipeline.errors import PipelineError
from loopline.pipeline.models import Opportunity, Task
from loopline.pipeline.tasks import NewTask, create_task, do_task, reopen_task
from loopline.web.access import PageRequest, allow
from loopline.web.forms.pipeline import TaskForm
from loopline.web.waiting import waits

DONE_SHOWN = timedelta(days=7)


@waits("tasks")
def tasks_waiting(actor: Actor) -> int | None:
    """The actor's own tasks that are due today or overdue."""
    if actor.id == "system":
        return None
    return (
        Task.objects.visible_to(actor)
        .filter(owner=UUID(actor.id), done_at=None, due_on__lte=timezone.localdate())
        .count()
    )


@allow(Permission.WORK_TASKS)
def tasks(request: PageRequest) -> HttpResponse:
    is_manager = request.actor.may(Permission.ASSIGN_LEADS)
    whose = _whose(request) if is_manager else request.user.pk
    found = Task.objects.visible_to(request.actor).select_related("owner", "person", "opportunity__company")
    if whose is not None:
        found = found.filter(owner=whose)
    open_tasks = found.filter(done_at=None)
    units = BusinessUnit.objects.visible_to(request.actor)
    unit = units.first()
    context = {
        "groups": _by_day(list(open_tasks[:500]), timezone.localdate()),
        "done": found.filter(done_at__gte=utc_now() - DONE_SHOWN).order_by("-done_at")[:20],
        "is_manager": is_manager,
        "whose": whose,
        "colleagues": User.objects.visible_to(request.actor)
        .filter(tasks__done_at=None, tasks__isnull=False)
        .distinct(),
        "today": timezone.localdate(),
        "form": TaskForm(actor=request.actor, unit=unit) if unit else None,
        "unit": unit,
    }
    return render(request, "tasks/tasks.html", context)


def _whose(request: PageRequest) -> UUID | None:
    """A colleague's id, or the actor's own; None: the whole team."""
    text = request.GET.get("whose", "")
    if text == "team":
        return None
    key = uuid_or_none(text)
    colleague = User.objects.visible_to(request.actor).filter(pk=key).first() if key else None
    return colleague.pk if colleague else request.user.pk


def _by_day(found: list[Task], today: date) -> list[dict[str, Any]]:
    """Overdue, today, later, some day; empty ones are left out."""
    groups: dict[str, list[Task]] = {"Overdue": [], "Today": [], "Later": [], "Some day": []}
    for task in found:
        if task.due_on is None:
            groups["Some day"].append(task)
        else:
            groups["Overdue" if task.due_on < today else "Today" if task.due_on == today else "Later"].append(task)
    return [{"name": name, "tasks": rows, "is_late": name == "Overdue"} for name, rows in groups.items() if rows]


@require_POST
@allow(Permission.WORK_TASKS)
def task_new(request: PageRequest) -> HttpResponse:
    """Write down a task, alone or about an opportunity or a person."""
    opportunity = _about(Opportunity.objects.visible_to(request.actor), request.POST.get("opportunity"))
    person = _about(Person.objects.visible_to(request.actor), request.POST.get("person"))
    unit = opportunity.unit if opportunity else _unit(request, person)
    form = TaskForm(request.POST, actor=request.actor, unit=unit)
    if form.is_valid():
        said = form.cleaned_data
        new = NewTask(unit, said["title"], said["owner"], said["due_on"], person=person, opportunity=opportunity)
        try:
            create_task(new, by=request.actor)
        except PipelineError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, f"“{said['title']}” is on the list.")
    else:
        messages.error(request, " ".join(str(one) for errors in form.errors.values() for one in errors))
    return _back(request)


def _unit(request: PageRequest, person: Person | None) -> BusinessUnit:
    units = BusinessUnit.objects.visible_to(request.actor)
    return (person and units.filter(pk=person.unit_id).first()) or get_object_or_404(units[:1])


def _about(found: Any, text: str | None) -> Any:
    """The record a task is about; None when it is about none. 404 for one the actor may not see."""
    return get_object_or_404(found, pk=uuid_or_none(text)) if text else None


@require_POST
@allow(Permission.WORK_TASKS)
def task_done(request: PageRequest, task_id: UUID) -> HttpResponse:
    task = get_object_or_404(Task.objects.visible_to(request.actor), pk=task_id)
    do_task(task, by=request.actor)
    return _back(request)


@require_POST
@allow(Permission.WORK_TASKS)
def task_reopen(request: PageRequest, task_id: UUID) -> HttpResponse:
    task = get_object_or_404(Task.objects.visible_to(request.actor), pk=task_id)
    reopen_task(task, by=request.actor)
    return _back(request)


def _back(request: PageRequest) -> HttpResponseRedirect:
    """To the page it was done on, if that is one of ours."""
    page = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure())
    return redirect(page if is_ours else reverse("tasks"))
