"""Real leads with their outcome: imported by a mapping, a definition drafted, tried on the past, and a score fitted."""

import csv
from datetime import timedelta
from pathlib import Path

import pytest

from loopline.access.actor import SYSTEM
from loopline.leads.definition_actions import draft_definition
from loopline.leads.fitted_scores import fit_score
from loopline.leads.rejudge import FREE_MAIL
from loopline.reports.what_if.run import Asked, what_if
from loopline.store.current import in_use
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.sync.importing import Import, run_import
from loopline.sync.mapping import read_mapping
from loopline.sync.sources import find_sources
from tests.make import make_unit
from tests.make_leads import make_definition
from tests.sync.house import loaded

ROOT = Path(__file__).resolve().parents[2]
LEADS = ROOT / "../shared/data/x_education_leads/Leads.csv"
DRAFT = {
    "evidence": {"need": {"any": [{"field": "lead.custom.seconds_on_site", "at_least": 600},
                                  {"field": "lead.custom.origin", "is": ["Lead Add Form"]}]}},
    "never": [{"field": "lead.custom.no_email", "is": ["Yes"]}],
}  # fmt: skip
EVERYBODY = {"evidence": {"who": {"any": [{"field": "lead.custom.origin"}, {"field": "lead.custom.source"}]}}}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db,
    pytest.mark.skipif(not LEADS.exists(), reason="the leads of X Education are not beside the project (../shared)"),
]


def test_real_leads_are_imported_judged_by_a_draft_and_scored_on_leads_that_came_later(
    store: DuckDBEngine, tmp_path: Path
) -> None:
    with LEADS.open(newline="") as file:
        converted = sum(row["Converted"] == "1" for row in csv.DictReader(file))
    unit = make_unit()
    mapping = read_mapping((ROOT / "examples/x_education.toml").read_text())
    sources = find_sources(mapping, [], beside=ROOT / "examples")
    run = run_import(Import(mapping, sources, unit, tmp_path), by=SYSTEM)
    assert run.counts["created"] == 2 * 9_240
    with loaded(store, tmp_path), in_use(store):
        as_of = store.horizon() + timedelta(minutes=2)
        version = make_definition(unit, EVERYBODY)
        draft = draft_definition(unit, DRAFT, by=SYSTEM)
        asked = Asked(str(unit.pk), as_of - timedelta(days=3_650), as_of, as_of, tuple(FREE_MAIL))
        answer = what_if(store, version.definition, draft.definition, asked)
        make_definition(unit, DRAFT)
        score = fit_score(unit, by=SYSTEM, at=as_of)
    cells = {cell.key: cell for cell in answer.comparison.cells}
    assert sum(cell.won for cell in cells.values()) == converted == 3_561
    assert cells["both"].won / cells["both"].n > 0.5 > cells["only_old"].won / cells["only_old"].n
    area = score.document["contest"]["first"]
    print(f"\n{answer.verdict.text}\narea {area}\n{score.verdict}\n{score.document['weights'][:12]}")
    assert area["low"] > 0.75
    assert score.document["contest"]["difference"]["low"] > 0
    assert score.document["tried_on"]["first"] >= score.document["trained_on"]["last"]
