"""Write keys: who may send events."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from loopline.access.models import BusinessUnit
from loopline.access.roles import Permission
from loopline.access.write_keys import create_write_key, revoke_write_key
from loopline.web import collector
from loopline.web.access import PageRequest, allow
from loopline.web.forms.settings import KeyForm


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


@require_POST
@allow(Permission.ADMINISTER)
def write_key_revoke(request: PageRequest, key_id: str) -> HttpResponse:
    found = next((key for key in collector.keys().list() if key.id == key_id), None)
    if found is None:
        raise Http404
    revoke_write_key(collector.keys(), found, by=request.actor)
    messages.success(request, f"Events with the key “{found.name}” are refused from now on.")
    return redirect("write_keys")
