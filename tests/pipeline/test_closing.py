from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from loopline.access.actor import SYSTEM, NotAllowedError
from loopline.access.models import ExchangeRate, Organisation
from loopline.access.roles import Role
from loopline.pipeline.closing import lose_opportunity, refund_opportunity, reopen_opportunity, win_opportunity
from loopline.pipeline.errors import PipelineError
from loopline.pipeline.rates import convert_opportunities_again
from tests.make import make_unit, make_user
from tests.pipeline.records import START, later, make_opportunity, make_seller
from tests.pipeline.said import last_audit, last_fact

pytestmark = pytest.mark.django_db


def test_a_win_counts_its_amount_on_the_closing_day() -> None:
    user, actor, unit = make_seller()
    opportunity = make_opportunity(unit)
    win_opportunity(opportunity, amount_minor=118_050, closed_at=later(days=9), by=actor, at=later(days=10))
    assert (opportunity.outcome, opportunity.amount_minor, opportunity.closed_at) == ("won", 118_050, later(days=9))
    change = opportunity.stage_changes.get(to_stage="won")
    assert (change.from_stage, change.amount_minor, change.by_name) == ("qualified", 118_050, user.name)
    fact = last_fact("opportunity_facts")
    assert (fact["outcome"], fact["reporting_minor"], fact["refunded_minor"]) == ("won", 118_050, 0)
    assert last_audit()[0] == "win_opportunity"


def test_a_win_needs_an_amount_but_zero_is_one() -> None:
    _, actor, unit = make_seller()
    opportunity = make_opportunity(unit, amount_minor=None)
    with pytest.raises(PipelineError, match="Write the amount"):
        win_opportunity(opportunity, by=actor)
    assert win_opportunity(opportunity, amount_minor=0, by=actor).outcome == "won"


@pytest.mark.parametrize("closed_at", [later(days=-1), later(days=30)])
def test_a_closing_date_before_its_creation_or_in_the_future_is_refused(closed_at: datetime) -> None:
    _, actor, unit = make_seller()
    with pytest.raises(PipelineError, match="closing date"):
        win_opportunity(make_opportunity(unit), closed_at=closed_at, by=actor, at=later(days=2))


def test_winning_twice_is_refused() -> None:
    _, actor, unit = make_seller()
    opportunity = win_opportunity(make_opportunity(unit), by=actor)
    with pytest.raises(PipelineError, match="won already"):
        win_opportunity(opportunity, by=actor)


def test_a_foreign_amount_is_converted_at_the_rate_of_the_closing_day() -> None:
    _, actor, unit = make_seller()
    ExchangeRate.objects.create(currency="USD", on=date(2026, 3, 1), rate=Decimal("0.90"))
    ExchangeRate.objects.create(currency="USD", on=date(2026, 3, 8), rate=Decimal("0.80"))
    opportunity = make_opportunity(unit, amount_minor=100_000, currency="USD")
    assert last_fact("opportunity_facts")["reporting_minor"] == 90_000
    win_opportunity(opportunity, closed_at=later(days=7), by=actor, at=later(days=8))
    assert last_fact("opportunity_facts")["reporting_minor"] == 80_000


def test_without_a_rate_the_reporting_amount_is_missing_and_not_zero() -> None:
    _, actor, unit = make_seller()
    opportunity = make_opportunity(unit, currency="BRL")
    win_opportunity(opportunity, by=actor)
    assert last_fact("opportunity_facts")["reporting_minor"] is None


def test_the_closing_day_is_the_one_of_the_organisations_time_zone() -> None:
    _, actor, unit = make_seller()
    Organisation.objects.update_or_create(pk=1, defaults={"name": "Northwind", "time_zone": "Asia/Tokyo"})
    ExchangeRate.objects.create(currency="USD", on=date(2026, 3, 1), rate=Decimal("0.90"))
    ExchangeRate.objects.create(currency="USD", on=date(2026, 3, 11), rate=Decimal("0.80"))
    opportunity = make_opportunity(unit, amount_minor=100_000, currency="USD")
    win_opportunity(opportunity, by=actor, at=datetime(2026, 3, 10, 20, 0, tzinfo=UTC))
    assert last_fact("opportunity_facts")["reporting_minor"] == 80_000


def test_a_loss_needs_a_reason() -> None:
    _, actor, unit = make_seller()
    opportunity = make_opportunity(unit)
    with pytest.raises(PipelineError, match="Choose the reason"):
        lose_opportunity(opportunity, "", by=actor)
    lose_opportunity(opportunity, "price", note="a third cheaper elsewhere", by=actor)
    assert (opportunity.outcome, opportunity.loss_reason) == ("lost", "price")
    assert last_fact("opportunity_facts")["loss_reason"] == "price"
    assert last_audit()[1]["reason"] == "price"
    assert opportunity.stage_changes.get(to_stage="lost").reason == "price"


def test_reopening_takes_the_revenue_back_and_goes_on_in_the_same_stage() -> None:
    _, actor, unit = make_seller()
    opportunity = win_opportunity(make_opportunity(unit), by=actor)
    reopen_opportunity(opportunity, note="not signed yet", by=actor)
    assert (opportunity.outcome, opportunity.closed_at, opportunity.stage) == ("open", None, "qualified")
    assert last_fact("opportunity_facts")["outcome"] == "open"
    assert last_audit()[0] == "reopen_opportunity"


def test_refunds_lower_the_revenue_and_never_exceed_the_sale() -> None:
    _, actor, unit = make_seller(Role.SALES_MANAGER)
    opportunity = win_opportunity(make_opportunity(unit), closed_at=later(days=5), by=actor, at=later(days=6))
    refund_opportunity(opportunity, 20_000, on=date(2026, 3, 9), reason="fewer seats", by=actor, at=later(days=9))
    assert last_fact("opportunity_facts")["reporting_minor"] == 100_000
    assert last_audit() == (
        "refund_opportunity",
        {"amount_minor": 20_000, "on": "2026-03-09", "reason": "fewer seats"},
    )
    with pytest.raises(PipelineError, match="at most what is left"):
        refund_opportunity(opportunity, 100_001, by=actor)
    refund_opportunity(opportunity, 100_000, by=actor)
    fact = last_fact("opportunity_facts")
    assert (fact["amount_minor"], fact["refunded_minor"], fact["reporting_minor"]) == (120_000, 120_000, 0)
    with pytest.raises(PipelineError, match="at most what is left"):
        refund_opportunity(opportunity, 1, by=actor)


@pytest.mark.parametrize("amount", [0, -5])
def test_a_refund_is_more_than_zero(amount: int) -> None:
    _, actor, unit = make_seller(Role.SALES_MANAGER)
    opportunity = win_opportunity(make_opportunity(unit), by=actor)
    with pytest.raises(PipelineError, match="more than zero"):
        refund_opportunity(opportunity, amount, by=actor)


@pytest.mark.parametrize("on", [date(2026, 3, 6), date(2026, 3, 20)])
def test_a_refund_lies_between_the_sale_and_today(on: date) -> None:
    _, actor, unit = make_seller(Role.SALES_MANAGER)
    opportunity = win_opportunity(make_opportunity(unit), closed_at=later(days=5), by=actor, at=later(days=6))
    with pytest.raises(PipelineError, match="day of the sale or later"):
        refund_opportunity(opportunity, 1, on=on, by=actor, at=later(days=9))


def test_only_a_won_opportunity_is_refunded_and_a_refunded_one_stays_won() -> None:
    _, actor, unit = make_seller(Role.SALES_MANAGER)
    opportunity = make_opportunity(unit)
    with pytest.raises(PipelineError, match="only a won opportunity"):
        refund_opportunity(opportunity, 1, by=actor)
    win_opportunity(opportunity, by=actor)
    refund_opportunity(opportunity, 1, by=actor)
    with pytest.raises(PipelineError, match="stays won"):
        reopen_opportunity(opportunity, by=actor)


def test_sales_may_not_refund_but_finance_may() -> None:
    unit = make_unit()
    opportunity = win_opportunity(make_opportunity(unit), by=SYSTEM)
    with pytest.raises(NotAllowedError):
        refund_opportunity(opportunity, 1, by=make_user(Role.SALES, unit=unit).actor)
    refund = refund_opportunity(opportunity, 1, by=make_user(Role.FINANCE, unit=unit).actor)
    assert refund.opportunity == opportunity


def test_the_time_in_a_stage_stops_when_it_is_closed() -> None:
    _, actor, unit = make_seller()
    opportunity = make_opportunity(unit)
    assert opportunity.time_in_stage(later(days=4)) == later(days=4) - START
    win_opportunity(opportunity, by=actor, at=later(days=5))
    assert opportunity.time_in_stage(later(days=90)) == later(days=5) - START


def test_a_rate_that_comes_later_gives_old_sales_their_amount() -> None:
    unit = make_unit()
    sold = win_opportunity(make_opportunity(unit, currency="USD"), by=SYSTEM, at=later(days=1))
    make_opportunity(unit)
    assert Organisation.current().reporting_currency == "EUR"
    ExchangeRate.objects.create(currency="USD", on=date(2026, 3, 1), rate=Decimal("0.50"))
    assert convert_opportunities_again(by=make_user(Role.FINANCE, unit=unit).actor) == 1
    fact = last_fact("opportunity_facts")
    assert (fact["id"], fact["reporting_minor"]) == (str(sold.pk), 60_000)
    with pytest.raises(NotAllowedError):
        convert_opportunities_again(by=make_user(Role.SALES, unit=unit).actor)
