"""Freezing: a report is kept with its figures and their digest, and the audit chain says so."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from loopline.access.actor import Actor
from loopline.access.audit import audit, take_turn
from loopline.access.models import BusinessUnit
from loopline.access.roles import Permission
from loopline.lib.times import utc_now
from loopline.reporting.models import FrozenRun
from loopline.reports.frozen import digest_of


@transaction.atomic
def freeze_run(
    told: Mapping[str, Any], options: Mapping[str, str], *, note: str = "", by: Actor, at: datetime | None = None
) -> FrozenRun:
    """Keep the JSON of a report with what it shows over time, worked out for `by` from the words `options`."""
    by.require(Permission.SEE_REPORTS)
    take_turn()
    run = FrozenRun.objects.create(
        report=told["report"], title=told["title"][:200], note=note, options=dict(options),
        told={"over_time": None, **told}, digest=digest_of(told), as_of=datetime.fromisoformat(told["as_of"]),
        frozen_by_name=by.name, frozen_at=at or utc_now(),
        covers_all_units=by.sees_all_units and not options.get("unit"),
    )  # fmt: skip
    run.units.set(_units(options, by))
    audit(by, "freeze_run", run, at=at, report=run.report, digest=run.digest, as_of=run.as_of, options=run.options)
    return run


def _units(options: Mapping[str, str], by: Actor) -> list[BusinessUnit]:
    units = BusinessUnit.objects.visible_to(by)
    return list(units.filter(pk=options["unit"]) if options.get("unit") else units)


def run_told(run: FrozenRun) -> dict[str, Any]:
    """Which run it is, as JSON, without its figures."""
    return {
        "id": str(run.pk),
        "report": run.report,
        "title": run.title,
        "note": run.note,
        "digest": run.digest,
        "as_of": run.as_of.isoformat(),
        "options": run.options,
        "frozen_at": run.frozen_at.isoformat(),
        "frozen_by": run.frozen_by_name,
    }


def run_with_figures(run: FrozenRun) -> dict[str, Any]:
    """The report as it was when it was frozen; under `run` which one it is, and whether its figures still have its
    digest."""
    about = run_told(run)
    kept = {name: about[name] for name in ("id", "digest", "as_of", "options", "frozen_at", "frozen_by", "note")}
    return {**run.told, "run": kept | {"is_whole": digest_of(run.told) == run.digest}}
