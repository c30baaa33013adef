from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.collect.station import Station, serving


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    one = Station(tmp_path)
    with serving(one.collector) as url:
        one.url = url
        yield one
    one.close()
