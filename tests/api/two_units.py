"""Two business units that sold, each with words and amounts of its own."""

from datetime import timedelta

import pytest

from loopline.access.models import BusinessUnit, User
from loopline.access.roles import Role
from loopline.lib.times import utc_now
from loopline.store.duckdb_engine import DuckDBEngine
from tests.attribution.shelf import Shelf
from tests.make import make_unit, make_user

DAYS = {"period": "last_90_days"}


@pytest.fixture
def units(store: DuckDBEngine) -> tuple[BusinessUnit, BusinessUnit]:
    """North sold five times through spring, to a hostile industry; south once, for 77,777.77."""
    north, south = make_unit("North"), make_unit("South")
    shelf, now = Shelf(store), utc_now() - timedelta(minutes=5)
    for unit, key, amounts in ((north, "spring", (1_000_10, 20, 30, 40, 50)), (south, "hush", (77_777_77,))):
        own = {"unit_id": str(unit.pk)}
        shelf.campaign(key, key, unit=str(unit.pk), learnt=now)
        shelf.fact("company_facts", key, name=key, industry=f"{key}<b>", **own)
        for number, amount in enumerate(amounts):
            name, at = f"{key}{number}", now - timedelta(days=number, hours=3)
            shelf.person(f"person-{name}", name)
            shelf.touch(name, f"visitor:{name}", at, utm_campaign=key, channel="Email", landing_path="/a", **own)
            shelf.lead(f"lead-{name}", f"person-{name}", at + timedelta(hours=1), **own)
            shelf.won(
                f"won-{name}", f"person-{name}", at + timedelta(hours=2), amount, company_id=key,
                lead_id=f"lead-{name}", created_at=at + timedelta(hours=1), learnt=now, **own,
            )  # fmt: skip
        shelf.cost(f"cost-{key}", key, amounts[0] // 2, now.date(), **own)
    shelf.store()
    return north, south


def finance(unit: BusinessUnit) -> User:
    return make_user(Role.FINANCE, unit=unit)
