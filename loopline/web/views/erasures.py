"""Erasing a person: what goes and what stays, the confirmation, how far it has come, and all there were."""

from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from loopline.access.roles import Permission
from loopline.people.models import Person
from loopline.privacy.asking import EraseError, ask_erasure, confirmation, preview
from loopline.privacy.models import Erasure
from loopline.store.current import engine
from loopline.store.engine import StoreError
from loopline.web.access import PageRequest, allow
from loopline.web.forms.erasures import EraseForm

MOST = 200


@allow(Permission.ADMINISTER)
def person_erase(request: PageRequest, person_id: UUID) -> HttpResponse:
    found = get_object_or_404(Person.objects.visible_to(request.actor).remaining(), pk=person_id)
    running = Erasure.objects.visible_to(request.actor).unfinished().filter(person_id=found.pk).first()
    if running is not None:
        return redirect("erasure", running.pk)
    form = EraseForm(request.POST or None, wanted=confirmation(found))
    if request.method == "POST" and form.is_valid():
        try:
            return redirect("erasure", ask_erasure(found, settings.CONFIG.data, by=request.actor).pk)
        except EraseError as refused:
            form.add_error(None, str(refused))
    context: dict[str, object] = {"person": found, "form": form}
    try:
        context["preview"] = preview(found, engine(), by=request.actor)
    except StoreError as error:
        context["trouble"] = str(error)
    return render(request, "people/person_erase.html", context, status=422 if form.errors else 200)


@allow(Permission.ADMINISTER)
def erasure(request: PageRequest, erasure_id: UUID) -> HttpResponse:
    found = get_object_or_404(Erasure.objects.visible_to(request.actor), pk=erasure_id)
    steps = list(Erasure.Step)
    done = steps.index(Erasure.Step(found.step)) + (found.finished_at is not None)
    context = {
        "erasure": found,
        "steps": [(_PLACES[step], place < done) for place, step in enumerate(steps[1:])],
        "told": told_counts(found),
    }
    return render(request, f"people/erasure.html{'#state' if request.htmx else ''}", context)


@allow(Permission.ADMINISTER)
def erasures(request: PageRequest) -> HttpResponse:
    """All of them, newest first; they name nobody."""
    found = Erasure.objects.visible_to(request.actor)[:MOST]
    return render(request, "settings/erasures.html", {"erasures": found, "most": MOST})


_PLACES = {
    Erasure.Step.RECORDS: "records", Erasure.Step.EVENTS: "event store",
    Erasure.Step.INBOX: "inbox and its archive", Erasure.Step.FILES: "files",
}  # fmt: skip
_GONE = {
    "events": "events", "identities": "identities", "submissions": "submissions emptied", "consents": "consents",
    "talks": "notes of talks emptied", "tasks": "tasks emptied", "texts": "other texts that named them",
    "uploads": "uploaded files",
}  # fmt: skip
_KEPT = {"leads": "leads", "opportunities": "opportunities"}


def told_counts(found: Erasure) -> list[tuple[str, list[tuple[str, int]]]]:
    """What went and what stayed, in words; what there was none of is left out."""
    counted = (
        (title, [(words, int(found.counts[key])) for key, words in named.items() if found.counts.get(key)])
        for title, named in (("Erased", _GONE), ("Stayed, without a name", _KEPT))
    )
    return [(title, lines) for title, lines in counted if lines]
