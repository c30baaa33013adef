"""Two business units that sold something, for pages that show only what may be seen."""

from datetime import timedelta

from loopline.access.models import BusinessUnit
from loopline.lib.times import utc_now
from loopline.store.duckdb_engine import DuckDBEngine
from tests.attribution.shelf import Shelf
from tests.make import make_unit


def north_that_sold(amount: int, store: DuckDBEngine) -> BusinessUnit:
    """North sold for `amount` five minutes ago; South, which it does not see, for 77,777.00."""
    north, south = make_unit("North"), make_unit("South")
    shelf, now = Shelf(store), utc_now() - timedelta(minutes=5)
    for unit, minor in ((north, amount), (south, 77_777_00)):
        shelf.won(f"won-{unit.name}", "", now, minor, unit_id=str(unit.pk))
    shelf.store()
    return north
