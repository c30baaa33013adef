"""`loopline attribute`: attribution of a file of paths or touchpoints, without any database."""

import csv
import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from loopline.attribution.bootstrap import Interval, markov_interval, shapley_interval
from loopline.attribution.cents import cents_by_channel
from loopline.attribution.credit import ChannelCredit, influenced, markov, shapley
from loopline.attribution.files import read_walks
from loopline.attribution.files_of_touches import FileOfWalks
from loopline.attribution.fitted import FEWEST
from loopline.attribution.model import MODELS, Deal, Model
from loopline.attribution.opened import FileError
from loopline.attribution.own_model import PlanError, own_model
from loopline.attribution.tables import Paths, read_tables
from loopline.attribution.walks import Walks
from loopline.attribution.weigh import Moments, Weighing, missing, weighed
from loopline.attribution.written_plan import plan_written
from loopline.cli.command import DONE, Command, CommandError
from loopline.lib.sheets import safe_cell


@dataclass(frozen=True, slots=True)
class FileOfTables:
    """Two tables of rows; values are whole cents."""

    paths: Paths

    @property
    def walks(self) -> Walks:
        return self.paths.walks

    @property
    def moments(self) -> Moments:
        return self.paths.moments

    @property
    def unattributed(self) -> int:
        return self.paths.unattributed

    @property
    def unattributed_value(self) -> int:
        return self.paths.unattributed_minor


COLUMNS = ("channel", "conversions", "value", "removal_effect")
OWN = "custom"
"""The key of a model whose weights were given."""
INTERVAL = ("conversions_low", "conversions_high", "rank")
_TOLD = {
    "days_before": "touched_at and converted_at: give a file of touchpoints",
    "lead_position": "lead_created_at",
    "opportunity_position": "opportunity_created_at",
    "touch_kind": "touch_kind (entry, form, call …) beside each touchpoint of one file of touchpoints",
}


def _configure(parser: ArgumentParser) -> None:
    parser.add_argument(
        "file",
        metavar="FILE",
        type=Path,
        help="CSV or Parquet: path and total_conversions (and "
        "total_conversion_value, total_null), or path_id, touched_at, channel, converted_at, value",
    )
    parser.add_argument(
        "--conversions",
        metavar="FILE",
        type=Path,
        help="the conversions, where FILE holds touchpoints (person_id, touched_at, channel): person_id, converted_at, "
        "amount_minor in whole cents, lead_created_at, opportunity_created_at",
    )
    parser.add_argument(
        "--identities",
        metavar="FILE",
        type=Path,
        help="whose touchpoints are whose: identity, person_id. FILE then has an identity instead of a person_id",
    )
    parser.add_argument("--model", metavar="M", help=f"one of {', '.join(MODELS)} (default markov)")
    parser.add_argument(
        "--weights",
        metavar="W",
        help="a model of your own: shares in percent of first, lead, opportunity, last and rest, how many times a kind "
        "of touchpoint counts, half_life_days; such as “first=40 last=40 rest=20 call=2”, or a file of it in JSON",
    )
    parser.add_argument(
        "--order",
        metavar="K",
        type=int,
        default=1,
        choices=[1, 2, 3],
        help="order of the Markov chain: 1 (default), 2 or 3",
    )
    parser.add_argument(
        "--lookback", metavar="DAYS", type=int, help="of touchpoints: days before the conversion (default: all)"
    )
    parser.add_argument("--half-life", metavar="DAYS", type=float, default=7.0, help="of time_decay (default 7)")
    parser.add_argument(
        "--intervals",
        action="store_true",
        help="of markov and shapley: between what 200 draws of the paths lie nine times in ten, and ranks that do not "
        "overlap",
    )
    parser.add_argument("--format", choices=["table", "csv", "json"], default="table")  # fmt: skip


def _run(given: Namespace) -> int:
    model = _model(given)
    if given.lookback is not None and given.lookback < 1:
        raise CommandError("the lookback window is at least one day; leave it out for none.")
    if given.half_life <= 0:
        raise CommandError("the half-life is more than zero days.")
    try:
        with _telling(f"Reading {given.file.name}"):
            file = _read(given, model)
        with _telling(f"Working out {model.label}"):
            credit = _credit(model, file, given)
            rows = _rows(file, credit, _interval(model, file, given))
    except FileError as error:
        raise CommandError(str(error)) from error
    _print(model, file, rows, given)
    conversions = file.walks.conversions.sum()
    if model.is_fitted and conversions < FEWEST:
        print(f"{model.label} learnt from {conversions:,.0f} conversions: below {FEWEST} its figures are mostly "
              "chance. Take a longer period, or another model such as linear.", file=sys.stderr)  # fmt: skip
    if file.unattributed:
        print(f"{file.unattributed:,.0f} conversions have no touchpoint before them and are unattributed.",
              file=sys.stderr)  # fmt: skip
    if model.overlaps:
        print("Influenced rows overlap: they must not be added up.", file=sys.stderr)
    return DONE


def _model(given: Namespace) -> Model:
    if given.weights is not None:
        if given.model not in (None, OWN):
            raise CommandError("--weights is a model of its own; leave --model out.")
        try:
            return own_model(OWN, "Your own model", 1, plan_written(given.weights))
        except PlanError as error:
            raise CommandError(str(error)) from error
    if given.model == OWN:
        raise CommandError("custom is a model of your own: say it with --weights, such as “first=40 last=40 rest=20”.")
    model = MODELS.get(given.model or "markov")
    if model is None:
        raise CommandError(f"there is no model “{given.model}”. Choose one of: {', '.join(MODELS)}; or give --weights.")
    return model


def _interval(model: Model, file: FileOfWalks | FileOfTables, given: Namespace) -> Interval | None:
    """Of each channel's share of the conversions; None where none is asked for."""
    if not given.intervals:
        return None
    if model.key == "markov":
        return markov_interval(file.walks, given.order)
    if model.key == "shapley":
        return shapley_interval(file.walks)
    raise CommandError(f"{model.label} is not learnt from the paths and has no interval; leave --intervals out.")


def _read(given: Namespace, model: Model) -> FileOfWalks | FileOfTables:
    """One file of paths or touchpoints, or tables of rows."""
    if given.conversions is None:
        if given.identities is not None:
            raise CommandError("--identities goes with --conversions: paths have their touchpoints already.")
        return read_walks(given.file, given.lookback)
    paths = read_tables(
        given.file,
        given.conversions,
        given.lookback,
        identities=given.identities,
        with_everyone=model.key == "markov",
    )
    if not len(paths.walks):
        raise FileError("No touchpoint lies before a conversion of its person. Look at the ids and the moments.")
    return FileOfTables(paths)


@contextmanager
def _telling(what: str) -> Iterator[None]:
    """What goes on, where somebody looks on; nothing in a pipe."""
    with Console(stderr=True).status(what):
        yield


def _credit(model: Model, file: FileOfWalks | FileOfTables, given: Namespace) -> ChannelCredit:
    if model.key == "markov":
        return markov(file.walks, given.order)
    if model.key == "shapley":
        return shapley(file.walks)
    if model.deal is Deal.OVERLAPPING:
        return influenced(file.walks)
    if model.deal is Deal.BY_RECORD:
        raise CommandError(f"{model.label} needs opportunities with a campaign, which a file of paths does not hold.")
    if lacks := missing(model, file.moments):
        raise CommandError(f"{model.label} needs {' and '.join(_TOLD[name] for name in lacks)}.")
    credit = weighed(file.walks, model, file.moments, given.half_life)
    if isinstance(file, FileOfTables):
        # Whole cents, as the ledger deals them.
        cents = cents_by_channel(file.paths, Weighing([model], given.half_life))[model.key]
        return ChannelCredit(credit.conversions, cents.astype(np.float64))
    return credit


def _rows(file: FileOfWalks | FileOfTables, credit: ChannelCredit, interval: Interval | None) -> list[dict[str, Any]]:
    rows = [
        {
            "channel": channel,
            "conversions": float(credit.conversions[place]),
            "value": float(credit.value[place]),
            "removal_effect": None if credit.removal_effect is None else float(credit.removal_effect[place]),
        }
        for place, channel in enumerate(file.walks.channels)
    ]
    if interval is not None:
        total, ranks = file.walks.conversions.sum(), interval.ranks()
        for place, row in enumerate(rows):
            bounds = float(interval.low[place] * total), float(interval.high[place] * total)
            row |= dict(zip(INTERVAL, (*bounds, ranks[place]), strict=True))
    return sorted(rows, key=lambda row: (-float(row["conversions"]), str(row["channel"])))


def _print(model: Model, file: FileOfWalks | FileOfTables, rows: list[dict[str, Any]], given: Namespace) -> None:
    if given.format == "json":
        answer = {"model": model.key, "order": given.order if model.key == "markov" else None, "rows": rows}
        if file.unattributed:
            answer["unattributed"] = {"conversions": file.unattributed, "value": file.unattributed_value}
        if model.overlaps:
            answer["overlaps"] = True
        print(json.dumps(answer, ensure_ascii=False, indent=1))
    elif given.format == "csv":
        columns = (*COLUMNS, *(INTERVAL if given.intervals else ()))
        write = csv.writer(sys.stdout, lineterminator="\n").writerow
        write(columns)
        for row in rows:
            cells = {name: "" if row[name] is None else row[name] for name in columns}
            write((cells | {"channel": safe_cell(row["channel"])}).values())
    else:
        _print_table(rows, model)


def _print_table(rows: list[dict[str, Any]], model: Model) -> None:
    is_markov, has_interval = model.key == "markov", "rank" in rows[0]
    more = [*(["Removal effect"] if is_markov else []), *(["Between", "Rank"] if has_interval else [])]
    cells = [["Channel", "Conversions", "Value", *more]]
    for row in rows:
        effect = [f"{row['removal_effect']:.4f}"] if is_markov else []
        if has_interval:
            effect += [f"{row['conversions_low']:,.2f} and {row['conversions_high']:,.2f}", str(row["rank"] or "open")]
        cells.append([row["channel"], f"{row['conversions']:,.2f}", f"{row['value']:,.2f}", *effect])
    if not model.overlaps:
        totals = [f"{sum(row[name] for row in rows):,.2f}" for name in ("conversions", "value")]
        cells.append(["Total", *totals, *[""] * len(more)])
    widths = [max(len(row[place]) for row in cells) for place in range(len(cells[0]))]
    for name, *figures in cells:
        aligned = (figure.rjust(width) for figure, width in zip(figures, widths[1:], strict=True))
        print("  ".join([name.ljust(widths[0]), *aligned]).rstrip())


COMMAND = Command(
    key="attribute",
    summary="Attribute a file of paths or touchpoints, without any database",
    example="loopline attribute paths.csv --model markov --order 2 --format json",
    run=_run,
    configure=_configure,
)
