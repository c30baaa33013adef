"""Judged leads as columns: a million of them fit, and what is counted over them is counted in a moment."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from loopline.reports.what_if.judged_lead import JudgedLead
from loopline.rules.definition import Definition

Truths = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
Moments = npt.NDArray[np.datetime64]

_SHORTEST_MATURITY = timedelta(days=30)
_ENDED = ("rejected", "recycled", "disqualified")
_SIZES = ((10, "1–9 people"), (50, "10–49 people"), (250, "50–249 people"), (1000, "250–999 people"))
_LARGEST = "1,000 people or more"
DIMENSIONS = ("origin", "country", "industry", "size")


@dataclass(frozen=True, slots=True)
class Kinds:
    """A text for each lead, of which many have the same: the texts there are, and for each lead which one."""

    names: Sequence[str]
    numbers: Whole


@dataclass(frozen=True, slots=True)
class JudgedLeads:
    """Leads of a period, one value a lead in each column; what a column means is written at `JudgedLead`."""

    id: pa.ChunkedArray
    created_at: Moments
    passes_old: Truths
    passes_new: Truths
    met: Sequence[Truths]
    """One column for each clause of the new definition."""
    scores: Mapping[str, Floats]
    was_worked: Truths
    is_accepted: Truths
    is_qualified: Truths
    is_won: Truths
    has_ended: Truths
    is_mature: Truths
    revenue_minor: Whole
    owner_id: pa.ChunkedArray
    reason: pa.ChunkedArray
    explored_per_mille: Whole
    calls: Whole
    meetings: Whole
    groups: Mapping[str, Kinds]

    def __len__(self) -> int:
        return len(self.passes_old)

    @property
    def counts(self) -> Truths:
        return self.was_worked & self.has_ended & self.is_mature

    @property
    def wasted_time(self) -> Truths:
        return self.was_worked & self.has_ended & ~self.is_won

    @property
    def stands_for(self) -> Floats:
        """How many leads each speaks for: one that went by a chance of 5 %, for twenty (Horvitz and Thompson, 1952)."""
        return np.where(self.explored_per_mille > 0, 1000 / np.maximum(self.explored_per_mille, 1), 1.0)

    def at(self, place: int) -> JudgedLead:
        """One of them."""
        flags = {name: bool(getattr(self, name)[place]) for name in _FLAGS}
        moment = int(self.created_at[place].astype("datetime64[us]").astype(np.int64))
        return JudgedLead(
            id=self.id[place].as_py(),
            created_at=datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=moment),
            met=tuple(bool(clause[place]) for clause in self.met),
            scores={name: float(score[place]) for name, score in self.scores.items()},
            revenue_minor=int(self.revenue_minor[place]),
            owner_id=self.owner_id[place].as_py(),
            reason=self.reason[place].as_py(),
            explored_per_mille=int(self.explored_per_mille[place]),
            calls=int(self.calls[place]),
            meetings=int(self.meetings[place]),
            groups={name: kinds.names[kinds.numbers[place]] for name, kinds in self.groups.items()},
            **flags,
        )

    def each(self) -> list[JudgedLead]:
        return [self.at(place) for place in range(len(self))]


_FLAGS = tuple(one.name for one in fields(JudgedLead) if one.type in {bool, "bool"})


def columns_of(leads: Sequence[JudgedLead]) -> JudgedLeads:
    """Leads one by one as columns."""

    def truths(name: str) -> Truths:
        return np.fromiter((getattr(lead, name) for lead in leads), np.bool_, len(leads))

    def whole(name: str) -> Whole:
        return np.fromiter((getattr(lead, name) for lead in leads), np.int64, len(leads))

    def texts(values: Iterable[str]) -> pa.ChunkedArray:
        return pa.chunked_array([pa.array(values, pa.string())])

    first = leads[0] if leads else None
    return JudgedLeads(
        id=texts(lead.id for lead in leads),
        created_at=np.array([lead.created_at.astimezone(UTC).replace(tzinfo=None) for lead in leads], "datetime64[us]"),
        met=[
            np.fromiter((lead.met[number] for lead in leads), np.bool_, len(leads))
            for number in range(len(first.met) if first else 0)
        ],
        scores={
            name: np.fromiter((lead.scores[name] for lead in leads), np.float64, len(leads))
            for name in (first.scores if first else ())
        },
        revenue_minor=whole("revenue_minor"),
        owner_id=texts(lead.owner_id for lead in leads),
        reason=texts(lead.reason for lead in leads),
        explored_per_mille=whole("explored_per_mille"),
        calls=whole("calls"),
        meetings=whole("meetings"),
        groups={name: kinds(texts(lead.groups[name] for lead in leads)) for name in DIMENSIONS},
        **{name: truths(name) for name in _FLAGS},
    )


def kinds(texts: pa.ChunkedArray) -> Kinds:
    """A column of texts as the texts there are, in their order, and their numbers."""
    coded = pc.dictionary_encode(texts).combine_chunks()
    coded = coded if isinstance(coded, pa.DictionaryArray) else coded.chunk(0)
    found = cast(list[str], coded.dictionary.to_pylist())
    order = sorted(range(len(found)), key=found.__getitem__)
    place = np.empty(len(found), np.int64)
    place[order] = np.arange(len(found))
    numbers = coded.indices.to_numpy(zero_copy_only=False)
    return Kinds([found[one] for one in order], place[numbers] if len(found) else numbers.astype(np.int64))


def joined(verdicts: pa.Table, outcomes: pa.Table, new: Definition, as_of: datetime) -> JudgedLeads:
    """Both answers of the store about the same leads, in the same order, put together.

    `verdicts` has the columns `r0` (old definition), `r1` (new one), `r2`, … (its clauses), `s0`, … (its scores).
    """
    if not verdicts["lead_id"].equals(outcomes["lead_id"]):
        raise ValueError("The verdicts and the outcomes are not about the same leads.")
    created_at = _moments(outcomes["created_at"])
    closed_at = _moments(outcomes["closed_at"])
    is_won, is_closed = _truths(outcomes["is_won"]), ~np.isnat(closed_at)
    is_lost = is_closed & ~_truths(outcomes["is_open"])
    state_ended = _truths(pc.is_in(outcomes["state"], pa.array(_ENDED)))
    mature_before = np.datetime64(as_of.astimezone(UTC).replace(tzinfo=None), "us") - _maturity(created_at, closed_at)
    return JudgedLeads(
        id=verdicts["lead_id"],
        created_at=created_at,
        passes_old=_truths(verdicts["r0"]),
        passes_new=_truths(verdicts["r1"]),
        met=[_truths(verdicts[f"r{2 + number}"]) for number in range(len(new.clauses))],
        scores={
            name: pc.fill_null(verdicts[f"s{number}"].cast(pa.float64()), 0.0).to_numpy()
            for number, name in enumerate(new.scores)
        },
        was_worked=_truths(outcomes["was_worked"]),
        is_accepted=_truths(outcomes["is_accepted"]),
        is_qualified=_truths(outcomes["is_qualified"]),
        is_won=is_won,
        has_ended=is_won | is_lost | state_ended,
        is_mature=created_at < mature_before,
        revenue_minor=_whole(outcomes["revenue_minor"]),
        owner_id=outcomes["owner_id"],
        reason=outcomes["reason"],
        explored_per_mille=_whole(outcomes["explored_per_mille"]),
        calls=_whole(outcomes["calls"]),
        meetings=_whole(outcomes["meetings"]),
        groups={name: kinds(outcomes[name]) for name in ("origin", "country", "industry")}
        | {"size": _sizes(outcomes["employees"])},
    )


def _maturity(created_at: Moments, closed_at: Moments) -> np.timedelta64:
    """The age by which three quarters of the leads that closed a sale had closed it; thirty days at least."""
    ages = np.sort((closed_at - created_at)[~np.isnat(closed_at)])
    shortest = np.timedelta64(_SHORTEST_MATURITY, "us")
    return np.maximum(shortest, ages[3 * len(ages) // 4]) if len(ages) else shortest


def _sizes(employees: pa.ChunkedArray) -> Kinds:
    """Bands of company sizes, as Eurostat cuts them; empty where the size is not known."""
    names = sorted(["", *(name for _, name in _SIZES), _LARGEST])
    bands = np.array([names.index(name) for name in (*(name for _, name in _SIZES), _LARGEST)])
    known = pc.fill_null(employees.cast(pa.int64()), 0).to_numpy()
    found = bands[np.searchsorted([below for below, _ in _SIZES], known, side="right")]
    return Kinds(names, np.where(pc.is_null(employees).to_numpy(), names.index(""), found))


def _truths(column: pa.ChunkedArray) -> Truths:
    return cast(Truths, pc.fill_null(column.cast(pa.bool_()), False).to_numpy())


def _whole(column: pa.ChunkedArray) -> Whole:
    """Whole numbers; a fraction is cut, and what is not known is 0."""
    values = pc.fill_null(column.cast(pa.float64()), 0.0) if pa.types.is_floating(column.type) else column
    return cast(Whole, pc.fill_null(values, 0).to_numpy().astype(np.int64))


def _moments(column: pa.ChunkedArray) -> Moments:
    return cast(Moments, column.cast(pa.timestamp("us")).to_numpy())
