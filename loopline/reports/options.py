"""What a run of a report can be asked for, and the facts of the organisation it needs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from loopline.attribution.conversions import PEOPLE
from loopline.attribution.model import MODELS, Model
from loopline.attribution.paths import DAY_US
from loopline.attribution.touchpoints import EARNING_KINDS
from loopline.lib.times import local_day, period_bounds
from loopline.reports.dimension import DIMENSIONS
from loopline.store.engine import Value

CLOCKS: dict[str, str] = {
    "period": "revenue closed in the period ÷ cost of the period",
    "cohort": "revenue, whenever closed, of touchpoints dated in the period ÷ cost of the period",
}
CLOCK_NAMES: dict[str, str] = {"period": "by closing date", "cohort": "by touchpoint date"}
"""What a clock counts by, in a few words for a chip."""
HUMANS: dict[str, str] = {"only": "humans only", "all": "humans and machines"}
DIRECTS: dict[str, str] = {"count": "Direct counts like any channel", "ignore": "Direct earns nothing"}
CONVERSIONS: dict[str, tuple[str, ...]] = {
    "": ("lead", "opportunity", "won", "revenue"),
    "lead": ("lead", "revenue"),
    "qualified": ("qualified", "revenue"),
    "opportunity": ("opportunity", "revenue"),
    "won": ("won", "revenue"),
}
"""What a run may be about, and the kinds of conversions it deals out. Revenue always is: the books balance in it."""
NO_LOOKBACK_US = 1000 * 366 * DAY_US
ALWAYS_US = (-(2**60), 2**60)


class OptionError(ValueError):
    """An option cannot be used; the message says why and what to choose."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field
        """Name of the option in an address, or of another part of it: `key`, `row`, `metric`."""


@dataclass(frozen=True, slots=True)
class Books:
    """The organisation as a report needs it, and what the asker may see of it."""

    currency: str
    """The reporting currency."""
    zone: str
    """The time zone that decides what a day is."""
    units: Mapping[str, str] = field(default_factory=dict)
    """Business units the asker may see: id → name."""
    margins: Mapping[str, int] = field(default_factory=dict)
    """Contribution margin in percent per business unit; 100 where none is given."""
    colleagues: Mapping[str, str] = field(default_factory=dict)
    """Who leads and opportunities can belong to: user id → name."""
    sees_all_units: bool = True
    """Also rows of units that are not listed (there are none in healthy books)."""

    @property
    def whose(self) -> str:
        """The names of the units whose figures the asker sees; "" for all of the organisation."""
        return "" if self.sees_all_units else ", ".join(sorted(self.units.values(), key=str.casefold))


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for. Dates are days in the organisation's time zone, both included; None: all there is."""

    first: date | None = None
    last: date | None = None
    as_of: datetime | None = None
    model: str = "linear"
    clock: str = "period"
    by: str = "campaign"
    unit_ids: frozenset[str] | None = None
    """Only these business units; None: all that the asker may see."""
    lookback_days: int | None = 90
    half_life_days: float = 7.0
    order: int = 1
    """Of the Markov chain."""
    conversion: str = ""
    """One of CONVERSIONS: only these, and a model that learns learns from them; "": all side by side."""
    people: str = "contacts"
    """Whose touchpoints may earn: one of PEOPLE."""
    touch_kinds: frozenset[str] | None = None
    """Which kinds of touchpoints may earn, of EARNING_KINDS; None: all of them."""
    direct: str = "count"
    humans_only: bool = True
    """Machines earn nothing and are left out of visits."""

    @property
    def kinds(self) -> tuple[str, ...]:
        return CONVERSIONS[self.conversion]

    @property
    def ignores_direct(self) -> bool:
        return self.direct == "ignore"

    @property
    def counts(self) -> dict[str, object]:
        """What counts in the run, as JSON says it; `half_life_days` and `order` only of the model that reads them."""
        kinds = EARNING_KINDS if self.touch_kinds is None else self.touch_kinds
        return {
            "conversion": self.conversion or None,
            "people": self.people,
            "touch_kinds": sorted(kinds),
            "direct": self.direct,
            "humans_only": self.humans_only,
            "half_life_days": self.half_life_days if self.model == "time_decay" else None,
            "order": self.order if self.model == "markov" else None,
        }

    def check(self, books: Books, by: Mapping[str, object] = DIMENSIONS) -> None:
        """Raises OptionError for an option that does not exist or a unit the asker may not see. `by`: what rows can
        be; empty where there is no choice. The model has a check of its own: the event store knows some of them."""
        _one_of("clock", "clock", self.clock, CLOCKS)
        if by:
            _one_of("by", "dimension", self.by, by)
        _one_of("conversion", "conversion", self.conversion, CONVERSIONS)
        _one_of("people", "choice of people", self.people, PEOPLE)
        _one_of("direct", "way to treat Direct", self.direct, DIRECTS)
        for kind in sorted(self.touch_kinds or ()):
            _one_of("kinds", "kind of touchpoint", kind, EARNING_KINDS)
        if self.touch_kinds is not None and not self.touch_kinds:
            raise OptionError(f"Choose at least one kind of touchpoint: {', '.join(EARNING_KINDS)}.", "kinds")
        if self.first and self.last and self.last < self.first:
            raise OptionError(
                f"The period ends on {self.last}, before it starts on {self.first}. Swap the two dates.", "to"
            )
        if self.unit_ids is not None and not self.unit_ids <= books.units.keys():
            raise OptionError("There is no such business unit among those you may see.", "unit")
        if self.lookback_days is not None and self.lookback_days < 1:
            raise OptionError("The lookback window is at least one day; leave it out for none.", "lookback")
        if self.half_life_days <= 0:
            raise OptionError("The half-life is more than zero days.", "half_life")
        if self.order not in (1, 2, 3):
            raise OptionError("The order of the Markov chain is 1, 2 or 3.", "order")

    def check_model(self, models: Mapping[str, Model]) -> None:
        """Raises OptionError for a model that is not among these."""
        _one_of("model", "model", self.model, models)


def _one_of(field: str, word: str, value: str, known: Mapping[str, object]) -> None:
    if value not in known:
        choices = ", ".join(key for key in known if key)
        raise OptionError(f"There is no {word} “{value}”. Choose one of: {choices}.", field)


@dataclass(frozen=True, slots=True)
class Scope:
    """Options with every default settled, so that asking again gives the same figures."""

    options: Options
    books: Books
    first: date
    last: date
    as_of: datetime
    models: Mapping[str, Model] = field(default_factory=lambda: MODELS)
    """The library, and the organisation's own models as they were at that moment."""

    @property
    def model(self) -> Model:
        return self.models[self.options.model]

    @property
    def today(self) -> date:
        """The day, in the organisation's time zone, of the moment that the report is asked as of."""
        return local_day(self.as_of, self.books.zone)

    @property
    def params(self) -> dict[str, Value]:
        """Values of the `$name` parameters that questions about reports share."""
        start, end = (
            round(moment.timestamp() * 1_000_000) for moment in period_bounds(self.first, self.last, self.books.zone)
        )
        is_cohort = self.options.clock == "cohort"
        converted, touched = (ALWAYS_US, (start, end)) if is_cohort else ((start, end), ALWAYS_US)
        days = self.options.lookback_days
        unit_ids = self.books.units.keys() if self.options.unit_ids is None else self.options.unit_ids
        return {
            "as_of": self.as_of,
            "as_of_us": round(self.as_of.timestamp() * 1_000_000),
            "zone": self.books.zone,
            "first": self.first,
            "last": self.last,
            "from_us": start,
            "to_us": end,
            "converted_from_us": converted[0],
            "converted_to_us": converted[1],
            "touched_from_us": touched[0],
            "touched_to_us": touched[1],
            "lookback_us": NO_LOOKBACK_US if days is None else days * DAY_US,
            "half_life_days": self.options.half_life_days,
            "people": self.options.people,
            "all_kinds": self.options.touch_kinds is None,
            "touch_kinds": sorted(self.options.touch_kinds or ()),
            "humans_only": self.options.humans_only,
            "all_units": self.books.sees_all_units and self.options.unit_ids is None,
            "unit_ids": sorted(unit_ids),
        }
