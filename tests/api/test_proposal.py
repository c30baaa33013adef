"""The budget planner's proposal for programs: that of its page, to the cent, with the same options."""

import re
from typing import Any

import pytest
from django.urls import reverse

from loopline.access.models import User
from loopline.access.roles import Role
from loopline.lib.amounts import money_whole_text
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.web.api.schemas import ProposalAnswer
from tests.api.asking import Program, program_of
from tests.make import make_unit, make_user, signed_in
from tests.reports.test_budget_planner import PAGE, two_channels

pytestmark = pytest.mark.django_db
PATH = "reports/budget-planner/proposal"


@pytest.fixture
def user(store: DuckDBEngine) -> User:
    unit = make_unit()
    two_channels(store, unit=str(unit.pk))
    return make_user(Role.MARKETING, unit=unit)


def test_the_proposal_is_that_of_the_page_and_adds_up_to_the_budget(user: User) -> None:
    for total, within in (("500", "20"), ("487.33", "7"), ("1,000", "")):
        asked = PAGE | {"total": total, "within": within}
        told = program_of(user).told(PATH, **asked)
        ProposalAnswer.model_validate(told)
        page: Any = signed_in(user).get(reverse("planner"), asked)
        shown = re.findall(r"Proposed: <b>([^<]+)</b>", page.content.decode())
        assert shown == [money_whole_text(row["proposed_minor"], "EUR") for row in told["rows"]]
        assert len(shown) == 1
        assert sum(row["proposed_minor"] for row in told["rows"]) + told["left_over_minor"] == told["total_minor"]
        [row] = told["rows"]
        assert row["low_minor"] <= row["proposed_minor"] <= row["high_minor"]
        assert told["change"] == row["change"]
    assert (told["within_percent"], told["now_minor"], row["high_minor"]) == (30, 484_62, 630_00)
    assert told["left_over_minor"] == 1_000_00 - 630_00
    assert {one["label"]: one["why"][:18] for one in told["refused"]}["Email"] == "cost hardly varied"


def test_sent_again_its_options_give_the_same_and_money_is_told_in_minor_units(user: User) -> None:
    asker = program_of(user)
    told = asker.told(PATH, total="500", conversion="won", by="campaign", **PAGE)
    assert asker.told(PATH, **told["run"]["options"]) == told
    assert told["outcome_unit"] == "EUR minor units"
    assert told["rows"] == [], "nothing was won"
    assert (told["change"], told["left_over_minor"]) == (None, 500_00)


def test_who_sees_nothing_is_proposed_nothing(user: User) -> None:
    stranger = program_of(make_user(Role.MARKETING, unit=make_unit()))
    told = stranger.told(PATH, total="500", **PAGE)
    assert (told["rows"], told["refused"], told["change"]) == ([], [], None)


@pytest.mark.parametrize(
    ("options", "code", "field"),
    [
        ({}, "option_missing", "total"),
        ({"total": "a lot"}, "option_not_usable", "total"),
        ({"total": "-5"}, "option_not_usable", "total"),
        ({"total": "1e999990"}, "option_not_usable", "total"),
        ({"total": "nan"}, "option_not_usable", "total"),
        ({"total": "1.234"}, "option_not_usable", "total"),
        ({"total": "1234,50"}, "option_not_usable", "total"),
        ({"total": "1,5"}, "option_not_usable", "total"),
        ({"total": "5", "within": "101"}, "option_not_usable", "within"),
        ({"total": "5", "within": "²"}, "option_not_usable", "within"),
        ({"total": "5", "by": "device"}, "option_not_usable", "by"),
        ({"total": "5", "clock": "cohort"}, "option_unknown", "clock"),
        ({"total": "5", "compare": "before"}, "option_unknown", "compare"),
    ],
)
def test_what_cannot_be_dealt_out_is_refused(
    options: dict[str, str], code: str, field: str, store: DuckDBEngine
) -> None:
    asker: Program = program_of(make_user(Role.MARKETING, unit=make_unit()))
    assert asker.refusal(PATH, **options) == (422, code, field)
