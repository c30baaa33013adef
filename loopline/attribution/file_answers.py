"""What models answer to a file of paths or touchpoints, one beside the other, and under several lookback windows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from loopline.attribution.aggregate import LEARNT, learnt_credit, learnt_interval
from loopline.attribution.bootstrap import Interval
from loopline.attribution.cents import cents_by_channel
from loopline.attribution.credit import ChannelCredit, influenced
from loopline.attribution.disagreement import disagreement
from loopline.attribution.file_lines import FileError, NothingInWindowError
from loopline.attribution.files import read_walks
from loopline.attribution.files_of_touches import FileOfWalks
from loopline.attribution.model import Deal, Model
from loopline.attribution.tables import Paths, read_tables
from loopline.attribution.walks import Floats
from loopline.attribution.weigh import Weighing, missing, weighed

_TOLD = {
    "days_before": "touched_at and converted_at: give a file of touchpoints",
    "lead_position": "lead_created_at",
    "opportunity_position": "opportunity_created_at",
    "touch_kind": "touch_kind (entry, form, call …) beside each touchpoint of one file of touchpoints",
}


@dataclass(frozen=True, slots=True)
class Source:
    """One file of paths or touchpoints; or with `conversions` tables of rows, whose values are whole cents."""

    file: Path
    conversions: Path | None = None
    identities: Path | None = None

    def read(self, lookback_days: int | None, *, with_everyone: bool) -> FileOfWalks | Paths:
        """`with_everyone`: also what those touched who did not convert, which one file always tells.

        Raises FileError.
        """
        if self.conversions is None:
            return read_walks(self.file, lookback_days)
        paths = read_tables(
            self.file, self.conversions, lookback_days, identities=self.identities, with_everyone=with_everyone
        )
        if not len(paths.walks):
            raise NothingInWindowError(
                "No touchpoint lies before a conversion of its person. Look at the ids and the moments."
            )
        return paths


@dataclass(frozen=True, slots=True)
class Question:
    source: Source
    models: Sequence[Model]
    order: int = 1
    half_life_days: float = 7.0
    with_intervals: bool = False
    leaves_out: bool = False
    """A model that the file cannot tell is left out and said; otherwise it is refused."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Of one model under one window, by channel."""

    model: Model
    order: int | None
    lookback_days: int | None
    channels: tuple[str, ...]
    credit: ChannelCredit
    interval: Interval | None
    """Of each channel's share of the conversions."""
    conversions: float
    """All that have a path."""
    unattributed: float
    unattributed_value: float
    has_value: bool = True
    """False where nothing says what conversions are worth: `credit.value` means nothing then."""

    def by_channel(self, figures: Floats) -> dict[str, float]:
        return dict(zip(self.channels, map(float, figures), strict=True))


@dataclass(slots=True)
class Answers:
    by_window: dict[int | None, list[Answer]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    """Models that the file cannot tell, and what they would need."""
    empty: list[int | None] = field(default_factory=list)
    """Windows after the first one with nothing in them."""

    @property
    def first(self) -> list[Answer]:
        """Under the first window that was asked for."""
        return next(iter(self.by_window.values()))

    def disagreements(self) -> list[str]:
        """Where models lie far apart on a channel's conversions, and what that says about the channel."""
        fair = [one for one in self.first if one.model.deal is Deal.BY_WEIGHT]
        credit = {one.model.key: one.by_channel(one.credit.conversions) for one in fair}
        models = {one.model.key: one.model for one in fair}
        totals = {key: sum(given.values()) or 1.0 for key, given in credit.items()}
        told = [
            disagreement(channel, {key: given.get(channel, 0) / totals[key] for key, given in credit.items()}, models)
            for channel in channels_of(fair)
        ]
        return [one for one in told if one]


def channels_of(answers: Sequence[Answer]) -> list[str]:
    """Of all of them, what earns most with the first one first."""
    most: dict[str, float] = {}
    for one in answers:
        for channel, conversions in one.by_channel(one.credit.conversions).items():
            most.setdefault(channel, conversions)
    return sorted(most, key=lambda channel: (-most[channel], channel))


def answered(
    question: Question, windows: Sequence[int | None], about: Callable[[str], None] = lambda _words: None
) -> Answers:
    """`about` is told which window and model the work is for.

    Raises FileError for a file that cannot be read, a model that it cannot tell, and nothing in the first window.
    """
    answers = Answers()
    for window in windows:
        try:
            # How sure the answer is, is said of the window that counts.
            asked = replace(question, with_intervals=question.with_intervals and window == windows[0])
            answers.by_window[window] = _Work(asked, window, answers.left_out, about).answers()
        except NothingInWindowError:
            if window == windows[0]:
                raise
            answers.empty.append(window)
    if not answers.first:
        raise FileError(" ".join(answers.left_out.values()))
    return answers


@dataclass(frozen=True, slots=True)
class _Work:
    """All models under one window."""

    question: Question
    window: int | None
    left_out: dict[str, str]
    about: Callable[[str], None]

    def answers(self) -> list[Answer]:
        """In the order in which the models were asked for."""
        asked, found = self.question, dict[str, Answer]()
        # Who did not convert is read only for what learns from them: of tables that is a longer question.
        apart = {"markov"} if asked.source.conversions else set()
        for with_everyone in (False, True):
            models = [one for one in asked.models if (one.key in apart) is with_everyone]
            if models:
                self.about(f"{self.window} days" if self.window else "")
                file = asked.source.read(self.window, with_everyone=with_everyone)
                found |= {model.key: self._answer(model, file) for model in models if self._can_tell(model, file)}
        return [found[model.key] for model in asked.models if model.key in found]

    def _can_tell(self, model: Model, file: FileOfWalks | Paths) -> bool:
        why = _lacks(model, file)
        if why and not self.question.leaves_out:
            raise FileError(why)
        if why:
            self.left_out[model.key] = why
        return not why

    def _answer(self, model: Model, file: FileOfWalks | Paths) -> Answer:
        self.about(model.label if self.window is None else f"{model.label}, {self.window} days")
        return Answer(
            model=model,
            order=self.question.order if model.key == "markov" else None,
            lookback_days=self.window,
            channels=file.walks.channels,
            credit=_credit(model, file, self.question),
            interval=_interval(model, file, self.question),
            conversions=float(file.walks.conversions.sum()),
            unattributed=file.unattributed,
            unattributed_value=file.unattributed_value,
            has_value=not isinstance(file, FileOfWalks) or file.has_value,
        )


def _lacks(model: Model, file: FileOfWalks | Paths) -> str:
    """What the model would need and the file does not say; "" where it says all."""
    if model.deal is Deal.BY_RECORD:
        return f"{model.label} needs opportunities with a campaign, which a file of paths does not hold."
    if model.deal is Deal.OVERLAPPING or model.key in LEARNT:
        return ""
    lacks = missing(model, file.moments)
    return f"{model.label} needs {' and '.join(_TOLD[name] for name in lacks)}." if lacks else ""


def _credit(model: Model, file: FileOfWalks | Paths, question: Question) -> ChannelCredit:
    if model.key in LEARNT:
        return learnt_credit(model.key, file.walks, question.order)
    if model.deal is Deal.OVERLAPPING:
        return influenced(file.walks)
    credit = weighed(file.walks, model, file.moments, question.half_life_days)
    if isinstance(file, FileOfWalks):
        return credit
    # Whole cents, as the ledger deals them.
    cents = cents_by_channel(file, Weighing([model], question.half_life_days))[model.key]
    return ChannelCredit(credit.conversions, cents.astype(np.float64))


def _interval(model: Model, file: FileOfWalks | Paths, question: Question) -> Interval | None:
    if not question.with_intervals or model.key not in LEARNT:
        return None
    return learnt_interval(model.key, file.walks, question.order)
