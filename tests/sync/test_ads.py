"""Files of ad platforms: cost lines with what the platform claims, told in a preview, refused in words, undone."""

from datetime import date
from pathlib import Path

import pytest

from loopline.access.actor import SYSTEM, NotAllowedError
from loopline.access.models import BusinessUnit
from loopline.access.roles import Permission, Role
from loopline.campaigns.costs import CostEntry, edit_cost, remove_cost
from loopline.campaigns.models import CampaignCode, CostLine
from loopline.facts.models import OutboxRow
from loopline.sync.importing import run_import
from loopline.sync.preview import preview
from loopline.sync.undo import undo_import
from tests.make import make_campaign, make_unit, make_user
from tests.sync.house import asked, take_in

pytestmark = pytest.mark.django_db

ADS = """
system = "ads"
[[file]]
kind = "ads"
path = "ads.csv"
[file.columns]
day = "Day"
campaign = "Campaign"
cost = "Cost"
conversions = "Conversions"
conversion_value = "Conv. value"
[file.defaults]
platform = "google"
"""
HEAD = "Day,Campaign,Cost,Conversions,Conv. value\n"


@pytest.fixture
def unit() -> BusinessUnit:
    unit = make_unit()
    CampaignCode.objects.create(unit=unit, code="spring", campaign=make_campaign(unit=unit))
    return unit


def test_a_row_is_a_cost_line_with_what_the_platform_claims(tmp_path: Path, unit: BusinessUnit) -> None:
    take_in(tmp_path, unit, ADS, ads=HEAD + '2026-01-05,Spring,12.50,2.75,"1,300.00"\n2026-01-06,spring,0,,\n')
    one, other = CostLine.objects.order_by("starts_on")
    assert (one.amount_minor, one.claimed_micro, one.claimed_minor) == (12_50, 2_750_000, 1_300_00)
    assert (one.platform, one.starts_on, one.ends_on, one.kind) == (
        "google", date(2026, 1, 5), date(2026, 1, 5), "actual")  # fmt: skip
    assert (other.amount_minor, other.claimed_micro, other.claimed_minor) == (0, None, None), "silence is not 0"
    fact = OutboxRow.objects.filter(table="cost_facts", row_id=str(one.pk)).get().row
    assert (fact["platform"], fact["claimed_micro"], fact["claimed_reporting_minor"]) == ("google", 2_750_000, 1_300_00)


def test_the_same_file_changes_nothing_and_a_corrected_one_corrects(tmp_path: Path, unit: BusinessUnit) -> None:
    row = "2026-01-05,spring,12.50,2,\n"
    take_in(tmp_path, unit, ADS, ads=HEAD + row)
    assert take_in(tmp_path, unit, ADS, ads=HEAD + row).counts == {"unchanged": 1}
    assert take_in(tmp_path, unit, ADS, ads=HEAD + row.replace("2,", "3,")).counts == {"updated": 1}
    cost = CostLine.objects.get()
    assert cost.claimed_micro == 3_000_000
    remove_cost(cost, by=SYSTEM)
    run = take_in(tmp_path, unit, ADS, ads=HEAD + row)
    assert (run.counts, CostLine.objects.count()) == ({"unchanged": 1}, 0)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("2026-01-05,autumn,1,1,1", "the code “autumn” belongs to no campaign"),
        ("2026-01-05,spring,1,-2,1", "no number from 0 to a billion"),
        ("2026-01-05,spring,1,many,1", "no number from 0 to a billion"),
        ("2026-01-05,spring,-1,1,1", "below zero"),
        ("yesterday,spring,1,1,1", "no day such as"),
        ("2026-01-05,spring,,1,1", "it has no cost"),
        ("2026-01-05,spring,1,=1+1,1", "conversions"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_words(tmp_path: Path, unit: BusinessUnit, row: str, why: str) -> None:
    asked_for = asked(tmp_path, unit, ADS, ads=HEAD + row + "\n2026-01-07,spring,1,1,\n")
    [file] = preview(asked_for, by=SYSTEM)
    assert [one.verdict.answer.value for one in file.rows] == ["refused", "created"]
    assert why in file.rows[0].verdict.why
    assert (file.rows[1].values["cost"], file.rows[1].values["conversions"]) == ("1.00 EUR", "1")
    assert not CostLine.objects.exists()
    assert run_import(asked_for, by=SYSTEM).counts == {"refused": 1, "created": 1}


def test_it_is_undone_but_for_what_somebody_edited(tmp_path: Path, unit: BusinessUnit) -> None:
    first = take_in(tmp_path, unit, ADS, ads=HEAD + "2026-01-05,spring,1,1,\n2026-01-06,spring,2,1,\n")
    later = take_in(tmp_path, unit, ADS, ads=HEAD + "2026-01-05,spring,9,4,\n")
    undo_import(later, by=SYSTEM)
    cost = CostLine.objects.get(starts_on=date(2026, 1, 5))
    assert (cost.amount_minor, cost.claimed_micro) == (1_00, 1_000_000)
    edit_cost(cost, CostEntry(5_00, "EUR", cost.starts_on, cost.ends_on), by=SYSTEM)
    undone = undo_import(first, by=SYSTEM)
    assert (undone.removed, undone.kept) == (1, 1)
    assert CostLine.objects.get().amount_minor == 5_00
    assert CostLine.objects.get().claimed_micro == 1_000_000, "what the platform claims is not the editor's"


def test_costs_come_in_only_by_those_who_may_book_them(tmp_path: Path, unit: BusinessUnit) -> None:
    asked_for = asked(tmp_path, unit, ADS, ads=HEAD + "2026-01-05,spring,1,1,\n")
    for role in Role:
        user = make_user(role, unit=unit).actor
        if not user.may(Permission.IMPORT):
            continue
        if user.may(Permission.EDIT_COSTS):
            assert preview(asked_for, by=user)
        else:
            with pytest.raises(NotAllowedError):
                preview(asked_for, by=user)
    with pytest.raises(NotAllowedError):
        preview(asked_for, by=make_user(Role.MARKETING, unit=make_unit("Other")).actor)
