"""Access tokens: one's own, under one's menu, and everybody's, for administrators."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from loopline.access.access_tokens import create_access_token, revoke_access_token
from loopline.access.models import AccessToken
from loopline.access.roles import Permission
from loopline.web.access import PageRequest, allow
from loopline.web.forms.access_tokens import AccessTokenForm


@allow(Permission.SEE_REPORTS)
def access_tokens(request: PageRequest) -> HttpResponse:
    """One's own tokens; a new one is shown whole in the answer to its making, and never again."""
    form = AccessTokenForm(request.POST or None)
    created = ""
    if form.is_bound and form.is_valid():
        try:
            _, created = create_access_token(request.user, form.new_token(), by=request.actor)
            form = AccessTokenForm()
        except ValidationError as error:
            form.take_errors(error)
    own = AccessToken.objects.visible_to(request.actor).filter(user=request.user).select_related("user")
    shown = {"form": form, "created": created, "tokens": own}
    response = render(request, "account/access_tokens.html", shown)
    if created:
        response["Cache-Control"] = "no-store"
    return response


@require_POST
@allow(Permission.SEE_REPORTS)
def access_token_revoke(request: PageRequest, token_id: UUID) -> HttpResponse:
    found = get_object_or_404(AccessToken.objects.visible_to(request.actor).select_related("user"), pk=token_id)
    revoke_access_token(found, by=request.actor)
    messages.success(request, f"“{found.name}” lets nobody in from now on.")
    return redirect("access_tokens" if found.user == request.user else "every_access_token")


@require_GET
@allow(Permission.ADMINISTER)
def every_access_token(request: PageRequest) -> HttpResponse:
    """Whose programs may ask, for what, and when they last did."""
    tokens = AccessToken.objects.visible_to(request.actor).select_related("user")
    return render(request, "settings/every_access_token.html", {"tokens": tokens})
