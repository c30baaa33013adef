"""A score fitted to what became of leads, beside the rules of the lead definition. It never rejects anybody alone."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa

from loopline.reports.fitted.features import CHANNELS, features_query
from loopline.reports.fitted.verdict import refusal, verdict
from loopline.reports.what_if.judged_leads import verdicts_query
from loopline.reports.what_if.outcomes_sql import OUTCOMES
from loopline.rules.definition import Definition, definition_json
from loopline.rules.past import TIMEOUT_S
from loopline.store.engine import Engine

PATIENCE_S = 300.0


class FitError(ValueError):
    """There is no fitted score; the message says why and what helps."""


@dataclass(frozen=True, slots=True)
class FitAsked:
    unit_id: str
    first: datetime
    as_of: datetime
    """Leads created from `first` on; what was known and what had become of them by then."""
    free_mail_domains: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Fitted:
    document: Mapping[str, Any]
    """All of it: what it learnt from, how it did on newer leads, its weights, and the leads that are open."""
    verdict: str
    digest: str
    """SHA-256 of the document: the same leads give the same digest."""


def fit(engine: Engine, definition: Definition, asked: FitAsked) -> Fitted:
    """Fit and try a score. Raises FitError below 100 wins or where the process that learns fails, and StoreError."""
    with TemporaryDirectory(prefix="loopline-fit-") as made:
        folder = Path(made)
        _gather(folder, engine, definition, asked)
        _learn(folder)
        found: dict[str, Any] = json.loads((folder / "answer.json").read_text())
    if "contest" not in found:
        raise FitError(refusal(found))
    document = {"as_of": asked.as_of.isoformat(), "first": asked.first.isoformat()} | found
    text = json.dumps(document, sort_keys=True, ensure_ascii=False)
    return Fitted(document, verdict(found), sha256(text.encode()).hexdigest())


def _gather(folder: Path, engine: Engine, definition: Definition, asked: FitAsked) -> None:
    """Put what is learnt from into files, as the store answers it: never a row of it in this process's own objects."""
    period = (asked.first, asked.as_of)
    rules = verdicts_query(definition, definition)
    params = rules.replay_params(asked.unit_id, period, asked.as_of, free_mail_domains=asked.free_mail_domains)
    channels = [str(row["channel"]) for row in engine.rows(CHANNELS, params)]
    known, labels = features_query(channels)
    known_params = known.replay_params(asked.unit_id, period, asked.as_of, free_mail_domains=asked.free_mail_domains)
    questions = {
        "verdicts": (rules.sql, params), "outcomes": (OUTCOMES, params), "features": (known.sql, known_params),
    }  # fmt: skip
    for name, (sql, values) in questions.items():
        table = engine.query(sql, values, timeout_s=TIMEOUT_S)
        with pa.OSFile(str(folder / f"{name}.arrow"), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table)
    told = {"definition": definition_json(definition), "labels": labels, "as_of": asked.as_of.isoformat()}
    (folder / "asked.json").write_text(json.dumps(told))


def _learn(folder: Path) -> None:
    alone = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # the same figures on every machine
    command = [sys.executable, "-m", "loopline.reports.fitted.training", str(folder)]
    try:
        done = subprocess.run(command, env=os.environ | alone, capture_output=True, timeout=PATIENCE_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise FitError(f"Fitting took more than {PATIENCE_S:.0f} seconds and was stopped. Nothing was kept.") from error
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise FitError(f"The process that fits ended with status {done.returncode}: {' '.join(last)[:300]}")
