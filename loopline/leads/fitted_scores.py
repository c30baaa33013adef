"""Fitting a score to what became of a unit's leads. It stands beside the rules and decides nothing."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max

from loopline.access.actor import Actor, NotAllowedError
from loopline.access.audit import audit, take_turn
from loopline.access.models import BusinessUnit
from loopline.access.roles import Permission
from loopline.leads.fitted_models import FittedScore
from loopline.leads.models import DefinitionVersion
from loopline.leads.rejudge import FREE_MAIL
from loopline.lib.times import utc_now
from loopline.reports.fitted.run import FitAsked, FitError, fit
from loopline.store.current import engine

LEARNS_FROM = timedelta(days=3 * 365)
"""Older leads were sold to in another market."""


def fit_score(unit: BusinessUnit, *, by: Actor, at: datetime | None = None) -> FittedScore:
    """A new version of the unit's fitted score, from all that is known as of `at` (the store's horizon).

    Raises FitError without a definition in force or below 100 wins, and StoreError.
    """
    by.require(Permission.EDIT_DEFINITION)
    if not by.covers_unit(unit.pk):
        raise NotAllowedError(f"{by.name} does not work for {unit}.")
    version = DefinitionVersion.objects.filter(unit=unit, status=DefinitionVersion.Status.IN_FORCE).first()
    if version is None:
        raise FitError("No lead definition is in force, so there are no rules to compare a score with.")
    as_of = at or engine().horizon()
    found = fit(engine(), version.definition, FitAsked(str(unit.pk), as_of - LEARNS_FROM, as_of, tuple(FREE_MAIL)))
    with transaction.atomic():
        take_turn()
        last = FittedScore.objects.filter(unit=unit).aggregate(last=Max("number"))["last"] or 0
        score = FittedScore(
            unit=unit, number=last + 1, definition=version, document=found.document, digest=found.digest,
            verdict=found.verdict, fitted_by_name=by.name, fitted_at=at or utc_now(),
        )  # fmt: skip
        score.save(force_insert=True)
        audit(by, "fit_score", score, at=score.fitted_at, number=score.number, digest=score.digest)
    return score
