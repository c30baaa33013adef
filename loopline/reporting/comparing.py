"""Frozen runs compared: with another run of the same report and options, or with what the books say now."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils import timezone

from loopline.access.actor import Actor
from loopline.reporting.freezing import run_with_figures
from loopline.reporting.models import FrozenRun, FrozenRunQuerySet
from loopline.reports.address import read_address, usual_of
from loopline.reports.asked import moment_of
from loopline.reports.change.difference import Why
from loopline.reports.change.why import Frozen, why_changed
from loopline.reports.comparable import COMPARABLE
from loopline.reports.frozen import result_from
from loopline.reports.option_words import said_and_read
from loopline.reports.options import Books, OptionError, Options
from loopline.reports.run import report_named
from loopline.store.engine import Engine

NOW = "now"


def options_of(run: FrozenRun, books: Books) -> Options:
    """What the run was asked, without its moment: of its own units, also for somebody who sees more of them.

    Raises OptionError where an option does not exist any more.
    """
    report = report_named(run.report, COMPARABLE)
    options = read_address(run.options, books, timezone.localdate(), usual_of(report)).options
    if run.covers_all_units:
        return options
    return replace(options, unit_ids=frozenset(str(one) for one in run.units.values_list("pk", flat=True)))


def runs_like(run: FrozenRun, actor: Actor) -> FrozenRunQuerySet:
    """Other runs that `actor` may see of the same report over the same units, with the same options that it reads."""
    others = FrozenRun.objects.visible_to(actor).filter(report=run.report, covers_all_units=run.covers_all_units)
    units, read = set(run.units.values_list("pk", flat=True)), _options_read(run)
    others = others.exclude(pk=run.pk).only("report", "options").prefetch_related("units")
    same = [one.pk for one in others if units == _units(one) and read == _options_read(one)]
    return FrozenRun.objects.filter(pk__in=same)


def _options_read(run: FrozenRun) -> dict[str, str]:
    """A run that was kept longer ago may hold options that its report does not read: they changed nothing."""
    return said_and_read(report_named(run.report, COMPARABLE), run.options)


def _units(run: FrozenRun) -> set[UUID]:
    return {unit.pk for unit in run.units.all()}


def changed_between(
    run: FrozenRun, against: str, actor: Actor, engine: Engine, books: Books, *, as_of: str = "", metric: str = ""
) -> Why:
    """What changed between the run and another one, named by its number, or `now`; whichever is the earlier. `as_of`:
    what the books said then, instead of now.

    Raises OptionError where the two cannot be compared, and StoreError.
    """
    options, since, kept = sides_of(run, against, as_of, actor, books)
    return why_changed(run.report, options, since, engine, books, metric=metric, frozen=kept)


def sides_of(run: FrozenRun, against: str, as_of: str, actor: Actor, books: Books) -> tuple[Options, datetime, Frozen]:
    """What `why_changed` is asked for: options with the later moment, the earlier one, and the runs as they were kept.

    Raises OptionError where the two cannot be compared.
    """
    options, moment = options_of(run, books), moment_of(as_of, books.zone, "as_of")
    if against == NOW:
        if moment is not None and moment < run.as_of:
            then = run.as_of.astimezone(ZoneInfo(books.zone))
            raise OptionError(f"The run is as of {then:%-d %b %Y, %H:%M:%S %Z}; choose a later moment.", "as_of")
        return replace(options, as_of=moment), run.as_of, Frozen(before=result_from(run.told))
    if moment is not None:
        raise OptionError("Two frozen runs have moments of their own; leave this out, or compare with now.", "as_of")
    before, after = sorted((run, _like(run, against, actor)), key=lambda one: one.as_of)
    if before.as_of == after.as_of:
        raise OptionError("Both runs are as of the same moment: nothing can have arrived in between.", "against")
    kept = Frozen(result_from(before.told), result_from(after.told))
    return replace(options, as_of=after.as_of), before.as_of, kept


def _like(run: FrozenRun, against: str, actor: Actor) -> FrozenRun:
    try:
        found = runs_like(run, actor).filter(pk=UUID(against)).first()
    except ValueError:
        found = None
    if found is None:
        raise OptionError(
            f"There is no frozen run {against} of “{COMPARABLE[run.report].label}” with the same options and units. "
            "The page of the run lists those it can be compared with.",
            "against",
        )
    return found


def run_named(key: str, run_id: str, actor: Actor) -> FrozenRun:
    """The frozen run of the report `key`. Raises OptionError when there is none that `actor` may see."""
    try:
        found = FrozenRun.objects.visible_to(actor).filter(pk=UUID(run_id), report=key).first()
    except ValueError:
        found = None
    if found is None:
        raise OptionError(
            f"There is no frozen run {run_id} of {key}. Its page under Reports › Kept shows its number.", "frozen"
        )
    return found


def frozen_answer(
    key: str, run_id: str, words: Mapping[str, str], actor: Actor, engine: Engine, books: Books
) -> dict[str, object]:
    """For the command line: the JSON of a frozen run with which one it is, or with `against` of what changed since."""
    if words.get("against"):
        return changed_as_asked(key, run_id, words, actor, engine, books).to_json()
    return run_with_figures(run_named(key, run_id, actor))


def changed_as_asked(
    key: str, run_id: str, words: Mapping[str, str], actor: Actor, engine: Engine, books: Books
) -> Why:
    """What changed between the run and `against` (a run, or `now`), as of `as_of`, row by row in the figure `metric`.

    Raises OptionError and StoreError.
    """
    run, said = run_named(key, run_id, actor), {name: words.get(name, "") for name in ("as_of", "metric")}
    return changed_between(run, words.get("against", NOW), actor, engine, books, **said)
