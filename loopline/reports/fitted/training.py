"""Fits the score, in a process of its own: what it reads and learns with leaves no trace in the server's memory.

    python -m loopline.reports.fitted.training FOLDER

reads what `fitted.run` put there and writes `answer.json` beside it. A logistic regression (scikit-learn, L2) learns
from the older leads and is tried on the newer ones; how much it is held back is chosen within the older ones alone.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from loopline.reports.fitted.discrimination import contest
from loopline.reports.fitted.encoding import Column, Floats, Rows, columns_of, matrix
from loopline.reports.fitted.features import Feature, features_of
from loopline.reports.fitted.verdict import FEWEST_WINS
from loopline.reports.survival import Share
from loopline.reports.what_if.judged_lead import JudgedLead
from loopline.reports.what_if.lead_columns import joined
from loopline.rules.definition import read_definition

TRAINED_ON = 0.7
"""The older part of the leads, by the day they were created; the rest is what the score is tried on."""
STRENGTHS = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
"""How freely it may learn (C); the smaller, the more it is held back."""
BINS = 10
MOST_OPEN = 2_000
"""So many open leads keep their chance; their pages show it."""
MOST_REASONS = 3
Truths = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Learnt:
    columns: Sequence[Column]
    weights: Floats
    constant: float

    def scores(self, rows: Rows) -> Floats:
        """The chance that each is won."""
        found: Floats = 1 / (1 + np.exp(-(matrix(rows, self.columns) @ self.weights + self.constant)))
        return found

    def reasons(self, rows: Rows) -> list[list[str]]:
        """What raises and lowers each lead's score most, in words."""
        parts = matrix(rows, self.columns) * self.weights
        return [self._told(row) for row in parts]

    def _told(self, parts: Floats) -> list[str]:
        most = [int(place) for place in np.argsort(-np.abs(parts), kind="stable")[:MOST_REASONS]]
        return [f"{'+' if parts[place] > 0 else '−'} {self._named(place, parts[place])}" for place in most]

    def _named(self, place: int, part: float) -> str:
        column, label = self.columns[place], self.columns[place].label()
        is_less = label.startswith("more ") and part * self.weights[place] < 0
        return f"less {column.feature}" if is_less else label


def main(folder: Path) -> None:
    asked = json.loads((folder / "asked.json").read_text())
    definition, as_of = read_definition(asked["definition"]), datetime.fromisoformat(asked["as_of"])
    verdicts, outcomes, features = (_table(folder, name) for name in ("verdicts", "outcomes", "features"))
    leads = joined(verdicts, outcomes, definition, as_of).each()
    known = {str(row["lead_id"]): features_of(row, asked["labels"]) for row in features.to_pylist()}
    (folder / "answer.json").write_text(json.dumps(fitted(leads, known), ensure_ascii=False))


def fitted(leads: Sequence[JudgedLead], known: Mapping[str, Mapping[str, Feature]]) -> dict[str, Any]:
    """The whole answer; with too little to learn from, only how much there is."""
    speaking = sorted((lead for lead in leads if lead.counts), key=lambda lead: (lead.created_at, lead.id))
    wins = sum(lead.is_won for lead in speaking)
    cut = round(TRAINED_ON * len(speaking))
    older, newer = speaking[:cut], speaking[cut:]
    told: dict[str, Any] = {"outcomes": len(speaking), "wins": wins, "leads": len(leads)}
    if wins < FEWEST_WINS or not all(_has_both(part) for part in (older, newer, older[-len(older) // 4 :])):
        return told
    strength = _strength([known[lead.id] for lead in older], _won(older))
    learnt = _learn([known[lead.id] for lead in older], _won(older), strength)
    scores = learnt.scores([known[lead.id] for lead in newer])
    final = _learn([known[lead.id] for lead in speaking], _won(speaking), strength)
    return told | {
        "trained_on": _part(older),
        "tried_on": _part(newer),
        "strength": strength,
        "contest": asdict(contest(scores.tolist(), [_rank(lead) for lead in newer], _won(newer).tolist())),
        "same_volume": _same_volume(newer, scores),
        "brier": float(np.mean((scores - _won(newer)) ** 2)),
        "brier_of_the_mean": float(np.mean((np.mean(_won(older)) - _won(newer)) ** 2)),
        "calibration": _calibration(scores, _won(newer)),
        "deciles": _deciles(scores, _won(newer)),
        "weights": _weights(final),
        "constant": final.constant,
        "open": _open(leads, known, final),
    }


def _strength(rows: Rows, won: Truths) -> float:
    """The one that foretells the newest quarter of the older leads best, learnt from the rest of them."""
    cut = len(rows) - len(rows) // 4
    losses = {}
    for strength in STRENGTHS:
        scores = np.clip(_learn(rows[:cut], won[:cut], strength).scores(rows[cut:]), 1e-6, 1 - 1e-6)
        losses[strength] = -float(np.mean(np.log(np.where(won[cut:], scores, 1 - scores))))
    return min(losses, key=lambda strength: (round(losses[strength], 6), strength))


def _learn(rows: Rows, won: Truths, strength: float) -> Learnt:
    from sklearn.linear_model import LogisticRegression  # a second and 130 MB, only where there is enough to learn from

    columns = columns_of(rows)
    if not columns:
        share = float(np.mean(won))
        return Learnt((), np.zeros(0), float(np.log(share / (1 - share))))
    model = LogisticRegression(C=strength, max_iter=2_000, tol=1e-6).fit(matrix(rows, columns), won)
    return Learnt(columns, model.coef_[0], float(model.intercept_[0]))


def _won(leads: Sequence[JudgedLead]) -> Truths:
    return np.array([lead.is_won for lead in leads], dtype=bool)


def _has_both(leads: Sequence[JudgedLead]) -> bool:
    return 0 < sum(lead.is_won for lead in leads) < len(leads)


def _rank(lead: JudgedLead) -> float:
    """How the rules rank a lead: first who passes, then by points."""
    return 1_000_000 * lead.passes_new + sum(lead.scores.values())


def _part(leads: Sequence[JudgedLead]) -> dict[str, Any]:
    return {
        "n": len(leads),
        "won": int(_won(leads).sum()),
        "first": f"{leads[0].created_at:%Y-%m-%d}",
        "last": f"{leads[-1].created_at:%Y-%m-%d}",
    }


def _same_volume(leads: Sequence[JudgedLead], scores: Floats) -> dict[str, int] | None:
    """Were as many taken as the rules let pass: how many of them were won, by the rules and by the score."""
    passing = [lead for lead in leads if lead.passes_new]
    if not 0 < len(passing) < len(leads):
        return None
    best = np.argsort(-scores, kind="stable")[: len(passing)]
    return {
        "n": len(passing),
        "rules_won": sum(lead.is_won for lead in passing),
        "score_won": int(_won(leads)[best].sum()),
    }


def _calibration(scores: Floats, won: Truths) -> list[dict[str, float]]:
    """In tenths by the score: what it foretold and what came."""
    parts = np.array_split(np.argsort(scores, kind="stable"), BINS)
    return [_bin(scores[part], won[part]) for part in parts if len(part)]


def _bin(scores: Floats, won: Truths) -> dict[str, float]:
    share = Share(int(won.sum()), len(won))
    return {
        "foretold": float(scores.mean()),
        "seen": share.part / share.whole,
        "low": share.low,
        "high": share.high,
        "n": share.whole,
    }


def _deciles(scores: Floats, won: Truths) -> list[dict[str, float]]:
    """The best tenth first: how many were won, against the mean of all."""
    parts = np.array_split(np.argsort(-scores, kind="stable"), BINS)
    mean = float(won.mean())
    return [
        {"place": place, "n": len(part), "won": int(won[part].sum()), "lift": float(won[part].mean()) / mean}
        for place, part in enumerate(parts, 1)
        if len(part)
    ]


def _weights(learnt: Learnt) -> list[dict[str, object]]:
    pairs = sorted(zip(learnt.columns, learnt.weights, strict=True), key=lambda one: -abs(one[1]))
    return [{"label": column.label(), "weight": round(float(weight), 6)} for column, weight in pairs]


def _open(
    leads: Sequence[JudgedLead], known: Mapping[str, Mapping[str, Feature]], learnt: Learnt
) -> list[dict[str, object]]:
    """Leads that nobody knows the end of yet, those with the best score first."""
    waiting = [lead for lead in leads if not lead.has_ended]
    rows = [known[lead.id] for lead in waiting]
    scores, reasons = learnt.scores(rows), learnt.reasons(rows)
    best = sorted(zip(waiting, scores, reasons, strict=True), key=lambda one: (-one[1], one[0].id))[:MOST_OPEN]
    return [
        {"lead": lead.id, "score": round(float(score), 6), "passes": lead.passes_new, "because": why}
        for lead, score, why in best
    ]


def _table(folder: Path, name: str) -> pa.Table:
    with pa.OSFile(str(folder / f"{name}.arrow")) as file:
        return pa.ipc.open_file(file).read_all()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
