"""The Olist marketing funnel, real and anonymised: the report says what a plain reading of its files says."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from loopline.access.actor import SYSTEM
from loopline.access.models import Organisation
from loopline.reports.options import Books, Options
from loopline.reports.run import run_report
from loopline.store.engine import Engine
from loopline.sync.importing import Import, run_import
from loopline.sync.mapping import read_mapping
from loopline.sync.sources import find_sources
from tests.make import make_unit
from tests.sync.house import loaded

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "../shared/data/olist_marketing_funnel"
LEADS, DEALS = "olist_marketing_qualified_leads_dataset.csv", "olist_closed_deals_dataset.csv"

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not (DATA / LEADS).exists(), reason="the Olist files are not beside the project (../shared)"),
]


def _read(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(newline="") as file:
        return list(csv.DictReader(file))


def test_leads_won_and_revenue_by_origin_equal_the_files(engine: Engine, tmp_path: Path) -> None:
    origin_of = {row["mql_id"]: row["origin"] for row in _read(LEADS)}
    leads = Counter(origin_of.values())
    won = Counter(origin_of[row["mql_id"]] for row in _read(DEALS))
    revenue: Counter[str] = Counter()
    for row in _read(DEALS):
        revenue[origin_of[row["mql_id"]]] += round(float(row["declared_monthly_revenue"]) * 100)

    Organisation.objects.update_or_create(pk=1, defaults={"name": "Olist", "reporting_currency": "BRL"})
    unit = make_unit()
    mapping = read_mapping((ROOT / "examples/olist.toml").read_text())
    sources = find_sources(mapping, [], beside=ROOT / "examples")
    run = run_import(Import(mapping, sources, unit, tmp_path), by=SYSTEM)
    assert run.counts == {"created": 8842, "warnings": 1}

    books = Books(currency="BRL", zone="UTC", units={str(unit.pk): unit.name})
    with loaded(engine, tmp_path) as store:
        report = run_report("closed-loop", Options(by="source", lookback_days=None), store, books)
        channels = run_report("closed-loop", Options(by="channel", lookback_days=None), store, books)
    rows = {("" if row.is_rest else row.key): row.values for row in report.rows}
    assert {key: row["leads"] for key, row in rows.items()} == dict(leads)
    assert {key: row["won"] for key, row in rows.items() if row["won"]} == dict(won)
    assert {key: row["revenue_minor"] for key, row in rows.items()} == {key: revenue[key] for key in leads}
    assert report.balance.holds
    assert report.balance.revenue_minor == sum(revenue.values())
    assert report.balance.unattributed_minor == 0
    by_channel = {row.key: row.values["leads"] for row in channels.rows}
    assert by_channel["Unassigned"] == leads["unknown"] + leads["other"] + leads[""]
    assert by_channel["Direct"] == leads["direct_traffic"]
