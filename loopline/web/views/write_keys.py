"""Write keys: who may send events."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from loopline.access.models import BusinessUnit
from loopline.access.roles import Permission
from loopline.access.write_keys import change_write_key, create_write_key, revoke_write_key
from loopline.collect.keys import WriteKey
from loopline.web import collector
from loopline.web.access import PageRequest, allow
from loopline.web.forms.settings import KeyChangeForm, KeyForm


@allow(Permission.ADMINISTER)
def write_keys(request: PageRequest) -> HttpResponse:
    """All keys; a new one is shown whole in the answer to its creation, and never again."""
    form = KeyForm(request.POST or None)
    created = ""
    if form.is_bound and form.is_valid():
        try:
            created = create_write_key(collector.keys(), form.new_key(), by=request.actor)
            form = KeyForm()
        except ValidationError as error:
            form.take_errors(error)
    unit_names = {str(unit.pk): unit.name for unit in BusinessUnit.objects.visible_to(request.actor)}
    rows = [(key, unit_names.get(key.unit_id, "")) for key in collector.keys().list() if key.unit_id in unit_names]
    return render(request, "settings/write_keys.html", {"form": form, "rows": rows, "created": created})


@allow(Permission.ADMINISTER)
def write_key(request: PageRequest, key_id: str) -> HttpResponse:
    """Change what a key in force allows."""
    key = _key(request, key_id)
    if key.revoked_at is not None:
        raise Http404
    form = KeyChangeForm(request.POST or None, initial=KeyChangeForm.what_is(key))
    if form.is_bound and form.is_valid():
        try:
            change_write_key(collector.keys(), key, form.change(), by=request.actor)
        except ValidationError as error:
            form.take_errors(error)
        else:
            messages.success(request, f"“{key.name}” is changed; it takes effect within a second.")
            return redirect("write_keys")
    return render(request, "settings/write_key.html", {"form": form, "key": key, "cancel_url": reverse("write_keys")})


@require_POST
@allow(Permission.ADMINISTER)
def write_key_revoke(request: PageRequest, key_id: str) -> HttpResponse:
    found = _key(request, key_id)
    revoke_write_key(collector.keys(), found, by=request.actor)
    messages.success(request, f"Events with the key “{found.name}” are refused from now on.")
    return redirect("write_keys")


def _key(request: PageRequest, key_id: str) -> WriteKey:
    found = next((key for key in collector.keys().list() if key.id == key_id), None)
    units = BusinessUnit.objects.visible_to(request.actor)
    if found is None or found.unit_id not in {str(one) for one in units.values_list("pk", flat=True)}:
        raise Http404
    return found
