"""The weights of the model library for walks of files: the same SQL as in the ledger, over columns of numbers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from loopline.attribution.credit import ChannelCredit
from loopline.attribution.model import Model
from loopline.attribution.paths import DAY_US
from loopline.attribution.touchpoints import DIRECT
from loopline.attribution.walks import Floats, Integers, Walks, in_threads, summed


@dataclass(frozen=True, slots=True)
class Moments:
    """What models that know time read of each touchpoint; None where the file says nothing of it."""

    before_us: Integers | None = None
    """How long before the end of its walk."""
    lead_position: npt.NDArray[np.integer] | None = None
    opportunity_position: npt.NDArray[np.integer] | None = None
    touch_kind: pa.Array | None = None
    """Texts such as `entry` or `call`."""

    def part(self, touches: slice) -> "Moments":
        return Moments(
            before_us=None if self.before_us is None else self.before_us[touches],
            lead_position=None if self.lead_position is None else self.lead_position[touches],
            opportunity_position=None if self.opportunity_position is None else self.opportunity_position[touches],
            touch_kind=None if self.touch_kind is None else self.touch_kind[touches],
        )


@dataclass(frozen=True, slots=True)
class Weighing:
    """Models that deal by weight, with what they need to know beside the touchpoints."""

    models: Sequence[Model]
    half_life_days: float = 7.0
    effects: Floats | None = None
    """The weight of each channel, for models that are learnt: its removal effect."""

    def weights(
        self, walks: Walks, moments: Moments, blocks: Sequence[slice]
    ) -> Iterator[tuple[Walks, dict[str, Floats]]]:
        """Block after block its walks and, by model, the weight of each touchpoint, before it is normalised."""
        fixed = {model.key: model.weight_sql for model in self.models if not model.is_fitted}
        alike = {key: sql for key, sql in fixed.items() if not any(name in sql for name in _OF_ONE_PATH)}
        own = {key: sql for key, sql in fixed.items() if key not in alike}
        with duckdb.connect(config={"threads": 1}) as memory:
            every_length = _EveryLength.of(walks)
            by_length = self._asked(memory, alike, every_length.walks, Moments())
            for block in blocks:
                part = walks.part(block)
                weights = self._asked(memory, own, part, moments.part(walks.touches(block)))
                places = every_length.places(part)
                weights |= {key: weight[places] for key, weight in by_length.items()}
                if self.effects is not None:
                    weights |= {model.key: self.effects[part.codes] for model in self.models if model.is_fitted}
                yield part, weights

    def _asked(
        self, memory: duckdb.DuckDBPyConnection, weights: Mapping[str, str], walks: Walks, moments: Moments
    ) -> dict[str, Floats]:
        if not weights:
            return {}
        columns = ", ".join(f"CAST({sql} AS DOUBLE) AS {key}" for key, sql in weights.items())
        given = {"half_life_days": self.half_life_days} if "$half_life_days" in columns else {}
        memory.register("touches", pa.table(_columns(walks, columns, moments)))
        # A window answers in any order.
        order = "ORDER BY place" if " OVER " in columns else ""
        answer = memory.sql(f"SELECT {columns} FROM touches {order}", params=given).to_arrow_table()
        return {key: np.asarray(answer[key]) for key in weights}


@dataclass(frozen=True, slots=True)
class _EveryLength:
    """One walk of each length that there is. Most models weigh walks of one length alike: they are asked of these only,
    which are some dozens, and not of ten million touchpoints."""

    walks: Walks
    starts: Integers
    """By length, where its walk begins."""

    @classmethod
    def of(cls, walks: Walks) -> "_EveryLength":
        counts = np.bincount(walks.lengths)
        lengths = np.flatnonzero(counts)
        ends, nothing = np.cumsum(lengths), np.zeros(len(lengths))
        starts = np.zeros(len(counts), dtype=np.int64)
        starts[lengths] = ends - lengths
        codes = np.zeros(lengths.sum(), dtype=np.int64)
        return cls(Walks(walks.channels, codes, np.append(0, ends), nothing, nothing, nothing), starts)

    def places(self, walks: Walks) -> Integers:
        """Of each touchpoint, where the one is that has its position in a walk of that length."""
        lengths = walks.lengths
        return np.arange(len(walks.codes)) + np.repeat(self.starts[lengths] - walks.starts[:-1], lengths)


_OF_ONE_PATH = (
    "days_before", "lead_position", "opportunity_position", "touch_kind", "conversion_no", "channel_touches",
    "last_named_position",
)  # fmt: skip
"""What weights read that differs between walks of one length."""


def weighed(walks: Walks, model: Model, moments: Moments, half_life_days: float = 7.0) -> ChannelCredit:
    """Credit per channel: each walk's conversions and value in proportion to its touchpoints' weights."""
    width, weighing = len(walks.channels), Weighing([model], half_life_days)

    def added(blocks: Sequence[slice]) -> Floats:
        total = np.zeros((2, width))
        for part, weights in weighing.weights(walks, moments, blocks):
            weight = weights[model.key]
            share = weight / np.repeat(np.add.reduceat(weight, part.starts[:-1]), part.lengths)
            for place, figures in enumerate((part.conversions, part.value)):
                total[place] += summed(part.codes, share * np.repeat(figures, part.lengths), width)
        return total

    conversions, value = np.sum(in_threads(walks, added, "sharing out"), axis=0)
    return ChannelCredit(conversions=conversions, value=value)


def missing(model: Model, moments: Moments) -> list[str]:
    """What the model would have to know of each touchpoint, and the file does not say."""
    known = {
        "days_before": moments.before_us is not None,
        "lead_position": moments.lead_position is not None,
        "opportunity_position": moments.opportunity_position is not None,
        "touch_kind": moments.touch_kind is not None,
    }
    return [name for name, is_known in known.items() if name in model.weight_sql and not is_known]


def _columns(walks: Walks, sql: str, moments: Moments) -> dict[str, object]:
    """Only what the weights read."""
    starts, lengths = walks.starts[:-1], walks.lengths
    position = np.arange(1, len(walks.codes) + 1) - np.repeat(starts, lengths)
    columns: dict[str, object] = {"position": position}
    if "touches" in sql:
        columns["touches"] = np.repeat(lengths, lengths)
    if moments.before_us is not None and "days_before" in sql:
        days_before = moments.before_us / DAY_US
        columns["days_before"] = days_before
        columns["last_days_before"] = np.repeat(days_before[walks.starts[1:] - 1], lengths)
    if moments.lead_position is not None:
        columns["lead_position"] = moments.lead_position
    if moments.opportunity_position is not None:
        columns["opportunity_position"] = moments.opportunity_position
    if "touch_kind" in sql:
        columns["touch_kind"] = moments.touch_kind
    if "conversion_no" in sql:
        columns["conversion_no"], columns["place"] = walks.walk_of, np.arange(len(walks.codes))
    if "channel_touches" in sql:
        pairs = walks.walk_of * len(walks.channels) + walks.codes
        columns["channel_touches"] = np.bincount(pairs)[pairs]
    if "last_named_position" in sql:
        direct = walks.channels.index(DIRECT) if DIRECT in walks.channels else -1
        named = np.where(walks.codes == direct, 0, position)
        columns["last_named_position"] = np.repeat(np.maximum.reduceat(named, starts), lengths)
    return columns
