"""Erasures as plain values, for the command line with a server or without."""

from pathlib import Path
from typing import Any
from uuid import UUID

from loopline.access.actor import Actor
from loopline.privacy.asking import EraseError, ask_erasure, find_person, preview, to_erase_again
from loopline.privacy.models import Erasure
from loopline.privacy.register import RegisterError
from loopline.store.engine import Engine


def looked_at(text: str, engine: Engine, by: Actor) -> dict[str, Any]:
    """What erasing the person with this address or id would do. Raises EraseError, NotAllowedError, StoreError."""
    person = find_person(text)
    seen = preview(person, engine, by=by)
    return {
        "person": str(person.pk),
        "name": person.display_name,
        "goes": [[words, count] for words, count in seen.goes],
        "stays": [[words, count] for words, count in seen.stays],
        "won": [[amount, currency] for amount, currency in seen.won],
        "confirm": seen.confirm,
    }


def asked(text: str, data: Path, by: Actor) -> dict[str, Any]:
    """Write it down. Raises EraseError and NotAllowedError."""
    return told_erasure(ask_erasure(find_person(text), data, by=by).pk)


def told_erasure(erasure_id: UUID) -> dict[str, Any]:
    """How far it has come."""
    found = Erasure.objects.get(pk=erasure_id)
    return {
        "id": str(found.pk),
        "person": str(found.person_id),
        "step": found.get_step_display(),
        "is_finished": found.finished_at is not None,
        "trouble": found.trouble,
        "counts": {name: value for name, value in found.counts.items() if isinstance(value, int)},
    }


def told_again(data: Path) -> list[str]:
    """Ids of the people whom a restored backup brought back. Raises EraseError where nobody can tell."""
    try:
        return [str(one.pk) for one in to_erase_again(data)]
    except RegisterError as error:
        raise EraseError(str(error)) from error
