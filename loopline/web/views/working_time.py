"""When somebody works, how many leads they take, and when they are away: one's own, or a colleague's."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from loopline.access.models import User
from loopline.access.roles import Permission
from loopline.leads.models import Lead
from loopline.routing import actions
from loopline.routing.models import Absence, WorkingTime
from loopline.web.access import PageRequest, allow
from loopline.web.forms.routing import AbsenceForm, WorkingTimeForm


@allow(Permission.WORK_LEADS, Permission.ASSIGN_LEADS)
def working_time(request: PageRequest, user_id: UUID | None = None) -> HttpResponse:
    shown = _shown(request, user_id)
    given = WorkingTime.objects.filter(user=shown).first()
    form = WorkingTimeForm(
        request.POST or None,
        sets_capacity=request.actor.may(Permission.ASSIGN_LEADS),
        initial=WorkingTimeForm.what_is(given),
    )
    if form.is_bound and form.is_valid():
        try:
            actions.set_working_time(shown, form.new_time(), by=request.actor)
        except ValidationError as error:
            form.take_errors(error)
        else:
            messages.success(request, "Saved. Clocks that begin from now on run in these hours.")
            return _back(request, shown)
    return _page(request, shown, form, AbsenceForm())


@allow(Permission.WORK_LEADS, Permission.ASSIGN_LEADS)
@require_POST
def absence_new(request: PageRequest, user_id: UUID) -> HttpResponse:
    shown = _shown(request, user_id)
    form = AbsenceForm(request.POST)
    if form.is_valid():
        try:
            actions.add_absence(shown, **form.cleaned_data, by=request.actor)
        except ValidationError as error:
            form.take_errors(error)
        else:
            messages.success(request, "Written down. No leads are handed over on these days.")
            return _back(request, shown)
    given = WorkingTime.objects.filter(user=shown).first()
    time_form = WorkingTimeForm(
        sets_capacity=request.actor.may(Permission.ASSIGN_LEADS), initial=WorkingTimeForm.what_is(given)
    )
    return _page(request, shown, time_form, form)


@allow(Permission.WORK_LEADS, Permission.ASSIGN_LEADS)
@require_POST
def absence_remove(request: PageRequest, absence_id: int) -> HttpResponse:
    people = User.objects.visible_to(request.actor)
    found = get_object_or_404(Absence.objects.filter(user__in=people), pk=absence_id)
    shown = _shown(request, found.user_id)
    actions.remove_absence(found, by=request.actor)
    messages.success(request, "Removed.")
    return _back(request, shown)


def _shown(request: PageRequest, user_id: UUID | None) -> User:
    """Oneself; somebody else only for who assigns leads."""
    own = UUID(request.actor.id)
    if user_id is not None and user_id != own:
        request.actor.require(Permission.ASSIGN_LEADS)
    return get_object_or_404(User.objects.visible_to(request.actor), pk=user_id or own)


def _back(request: PageRequest, shown: User) -> HttpResponse:
    return redirect("working_time") if str(shown.pk) == request.actor.id else redirect("working_time_of", shown.pk)


def _page(request: PageRequest, shown: User, form: WorkingTimeForm, absence_form: AbsenceForm) -> HttpResponse:
    today = timezone.localdate()
    context = {
        "shown": shown,
        "is_own": str(shown.pk) == request.actor.id,
        "form": form,
        "absence_form": absence_form,
        "absences": shown.absences.filter(last_on__gte=today),
        "waiting": Lead.objects.visible_to(request.actor).waiting_for_sales().filter(owner=shown).count(),
        "today": today,
    }
    return render(request, "routing/working_time.html", context)
