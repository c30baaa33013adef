"""`loopline attribute`: attribution of a file of paths or touchpoints, without any database."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

from loopline.attribution.aggregate import LEARNT
from loopline.attribution.chain import OrderError
from loopline.attribution.file_answers import Answers, Question, Source, answered
from loopline.attribution.file_lines import FailedError, FileError
from loopline.attribution.fitted import FEWEST
from loopline.attribution.model import MODELS, Model
from loopline.attribution.own_model import PlanError, own_model
from loopline.attribution.written_plan import plan_written
from loopline.cli.command import DONE, Command, CommandError, UsedWronglyError
from loopline.cli.credit_written import print_csv, print_json, print_tables
from loopline.cli.progress_bar import shown_to_who_looks_on

OWN = "custom"
"""The key of a model whose weights were given."""
ALL = "all"
NO_WINDOW = "none"
LONGEST_DAYS = 36_500


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
    parser.add_argument(
        "--model",
        metavar="M[,M]",
        action="append",
        help=f"one of {', '.join(MODELS)} (default markov); several, as linear,markov, stand side by side; {ALL}: "
        "every model that the file can tell",
    )
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
        "--lookback",
        metavar="DAYS[,DAYS]",
        help="of touchpoints: days before the conversion (default: all); of several, as 90,30,7,none, the first "
        "counts, and how much the others would change stands beside it",
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
    models, windows = _models(given), _windows(given.lookback)
    if not 0 < given.half_life <= LONGEST_DAYS:
        raise UsedWronglyError(f"the half-life is more than zero days, and at most {LONGEST_DAYS:,}.")
    if given.intervals and not any(model.key in LEARNT for model in models):
        raise UsedWronglyError(
            f"{models[0].label} is not learnt from the paths and has no interval; leave --intervals out, or ask for "
            f"{' or '.join(LEARNT)}."
        )
    if given.identities is not None and given.conversions is None:
        raise UsedWronglyError("--identities goes with --conversions: paths have their touchpoints already.")
    source = Source(given.file, given.conversions, given.identities)
    question = Question(
        source, models, given.order, given.half_life, with_intervals=given.intervals, leaves_out=_asks_all(given)
    )
    try:
        with shown_to_who_looks_on() as about:
            answers = answered(question, windows, about)
    except (FileError, OrderError) as error:
        raise UsedWronglyError(str(error)) from error
    except FailedError as error:
        raise CommandError(str(error)) from error
    if given.format == "json":
        print_json(answers)
    elif given.format == "csv":
        print_csv(answers, with_intervals=given.intervals)
    else:
        print_tables(answers, with_intervals=given.intervals)
    for words in _to_mind(answers):
        print(words, file=sys.stderr)
    return DONE


def _asked(given: Namespace) -> list[str]:
    """Keys of models, each once, in the order in which they were named."""
    return list(dict.fromkeys(key.strip() for told in given.model or [] for key in told.split(",")))


def _asks_all(given: Namespace) -> bool:
    return ALL in _asked(given)


def _models(given: Namespace) -> list[Model]:
    keys = _asked(given)
    if OWN in keys and given.weights is None:
        raise UsedWronglyError(
            "custom is a model of your own: say it with --weights, such as “first=40 last=40 rest=20”."
        )
    known = dict(MODELS)
    if given.weights is not None:
        try:
            known[OWN] = own_model(OWN, "Your own model", 1, plan_written(given.weights))
        except PlanError as error:
            raise UsedWronglyError(str(error)) from error
        except OSError as error:
            raise CommandError(f"cannot read {given.weights}: {error.strerror}") from error
        keys = keys if OWN in keys or ALL in keys else [*keys, OWN]
    for key in keys:
        if key not in known and key != ALL:
            raise UsedWronglyError(
                f"there is no model “{key}”. Choose of: {', '.join([*MODELS, ALL])}; or give --weights."
            )
    return [known[key] for key in (known if ALL in keys else keys or ["markov"])]


def _windows(told: str | None) -> Sequence[int | None]:
    if told is None:
        return (None,)
    windows: list[int | None] = []
    for word in told.split(","):
        if word.strip() != NO_WINDOW and not word.strip().isdecimal():
            raise UsedWronglyError(f"a lookback window is a number of days or {NO_WINDOW}, not “{word.strip()}”.")
        windows.append(None if word.strip() == NO_WINDOW else int(word))
    if any(days is not None and not 1 <= days <= LONGEST_DAYS for days in windows):
        raise UsedWronglyError(f"a lookback window is 1 to {LONGEST_DAYS:,} days; write {NO_WINDOW} for no window.")
    return list(dict.fromkeys(windows))


def _to_mind(answers: Answers) -> list[str]:
    """What to be careful about, in sentences."""
    told = [f"Left out: {why}" for why in answers.left_out.values()]
    told += [f"No touchpoint lies within {days} days before a conversion." for days in answers.empty]
    if disagreements := answers.disagreements():
        told += ["The models disagree on how much these channels earned; none of them is wrong, they answer different "
                 "questions. No model shows what would have happened without a channel.", *disagreements]  # fmt: skip
    first = answers.first[0]
    few = [one for one in answers.first if one.model.is_fitted and 0 < one.conversions < FEWEST]
    told += [f"{one.model.label} learnt from {one.conversions:,.0f} conversions: below {FEWEST} its figures are mostly "
             "chance. Take a longer period, or another model such as linear." for one in few]  # fmt: skip
    if not first.conversions:
        told.append("No path of the file converted, so there is nothing to share out.")
    if first.unattributed:
        told.append(
            "1 conversion has no touchpoint before it and is unattributed."
            if first.unattributed == 1
            else f"{first.unattributed:,.0f} conversions have no touchpoint before them and are unattributed."
        )
    if any(one.model.overlaps for one in answers.first):
        told.append("Influenced rows overlap: they must not be added up.")
    return told


COMMAND = Command(
    key="attribute",
    summary="Attribute a file of paths or touchpoints, without any database",
    example="loopline attribute paths.csv --model first_touch,linear,markov --order 2",
    run=_run,
    configure=_configure,
)
