from pathlib import Path

import pytest

from loopline.access.actor import SYSTEM
from loopline.facts.models import OutboxRow
from loopline.leads.models import Lead
from loopline.people.models import Person
from loopline.sync.models import ImportRun
from loopline.sync.preview import preview
from tests.make import make_unit
from tests.sync.house import DEAL_HEAD, DEALS, HEAD, LEADS, asked

pytestmark = pytest.mark.django_db


def test_a_preview_gives_the_verdicts_and_writes_nothing(tmp_path: Path) -> None:
    leads = "".join(f"L{number},2026-01-05,,Name {number},,fair\n" for number in range(50))
    rows = "L1x,2026-01-05,a@halden.example,Ana,Halden,fair\nL2x,never,,,,\n" + leads
    deals = DEAL_HEAD + "D1,L49,2026-02-01,,10\nD2,nobody,2026-02-01,,10\n"
    files = preview(asked(tmp_path, make_unit(), LEADS + DEALS, leads=HEAD + rows, deals=deals), by=SYSTEM)
    shown, sold = files
    assert len(shown.rows) == 20
    assert [row.verdict.answer.value for row in shown.rows[:3]] == ["created", "refused", "created"]
    assert shown.rows[0].values["email"] == "a@halden.example"
    assert shown.fields[:2] == ["external_id", "first_contact"]
    # The lead of the first deal lies beyond the rows on show, yet its verdict is the one of the whole import.
    assert [row.verdict.why for row in sold.rows] == ["", "no lead “nobody” of crm is known; import the leads, too"]
    assert not Person.objects.exists()
    assert not Lead.objects.exists()
    assert not ImportRun.objects.exists()
    assert not OutboxRow.objects.exists()
    assert not (tmp_path / "inbox.sqlite").exists()
