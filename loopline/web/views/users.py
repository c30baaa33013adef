"""Users: who may sign in, as what, and where."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from loopline.access import joining
from loopline.access.models import User
from loopline.access.roles import Permission
from loopline.web.access import PageRequest, allow
from loopline.web.forms.settings import InviteForm, UserForm


@allow(Permission.ADMINISTER)
def users(request: PageRequest) -> HttpResponse:
    found = User.objects.visible_to(request.actor).prefetch_related("units").order_by("-is_active", "name")
    return render(request, "settings/users.html", {"users": found})


@allow(Permission.ADMINISTER)
def user_invite(request: PageRequest) -> HttpResponse:
    """Create a user; the answer shows the link they join with, this once."""
    form = InviteForm(request.POST or None)
    if form.is_bound and form.is_valid():
        try:
            invited, token = joining.invite_user(form.cleaned_data["email"], form.membership(), by=request.actor)
        except ValidationError as error:
            form.take_errors(error)
        else:
            return _show_link(request, invited, token)
    return render(request, "settings/user_invite.html", {"form": form})


@allow(Permission.ADMINISTER)
def user(request: PageRequest, user_id: UUID) -> HttpResponse:
    found = get_object_or_404(User.objects.visible_to(request.actor), pk=user_id)
    form = UserForm(request.POST or None, initial=UserForm.what_is(found))
    if form.is_bound and form.is_valid():
        try:
            joining.change_user(found, form.membership(), by=request.actor)
        except ValidationError as error:
            form.take_errors(error)
        else:
            messages.success(request, f"{form.cleaned_data['name']} is saved.")
            return redirect("users")
    return render(request, "settings/user.html", {"form": form, "shown": found})


@require_POST
@allow(Permission.ADMINISTER)
def user_link(request: PageRequest, user_id: UUID) -> HttpResponse:
    found = get_object_or_404(User.objects.visible_to(request.actor), pk=user_id, is_active=True)
    return _show_link(request, found, joining.renew_link(found, by=request.actor))


@require_POST
@allow(Permission.ADMINISTER)
def user_shut_out(request: PageRequest, user_id: UUID) -> HttpResponse:
    found = get_object_or_404(User.objects.visible_to(request.actor), pk=user_id)
    try:
        joining.shut_out(found, by=request.actor)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, f"{found.name} can no longer sign in.")
    return redirect("users")


@require_POST
@allow(Permission.ADMINISTER)
def user_let_in(request: PageRequest, user_id: UUID) -> HttpResponse:
    found = get_object_or_404(User.objects.visible_to(request.actor), pk=user_id)
    joining.let_back_in(found, by=request.actor)
    messages.success(request, f"{found.name} can sign in again.")
    return redirect("users")


def _show_link(request: PageRequest, joined: User, token: str) -> HttpResponse:
    link = request.build_absolute_uri(reverse("join", args=[token]))
    return render(request, "settings/user_link.html", {"joined": joined, "link": link})
