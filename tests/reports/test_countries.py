"""The closed loop by country."""

from loopline.store.engine import Engine
from tests.attribution.shelf import Shelf, closed_loop, day


def test_countries_are_those_of_the_touchpoints_and_have_their_names(engine: Engine):
    """100.01 shared by two touches: the first was in Norway, of the second nobody knows where it was."""
    shelf = Shelf(engine)
    shelf.person("ines", "v1")
    shelf.touch("e1", "visitor:v1", day(2), country="NO")
    shelf.touch("e2", "visitor:v1", day(5))
    shelf.won("o1", "ines", day(20), 100_01)
    shelf.store()
    result = closed_loop(engine, by="country")
    rows = {row.key: (row.label, row.values["revenue_minor"]) for row in result.rows}
    assert rows == {"NO": ("Norway", 50_01), "": ("Not known where", 50_00)}
