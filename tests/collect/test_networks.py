"""Networks of data centres: looked up by address, and all that is kept of an address is whether it is in one."""

import json
import logging
from pathlib import Path

import pytest

from loopline.collect.loader import Loader
from loopline.collect.networks import read_networks
from loopline.collect.settings import Settings
from loopline.lib.config import ConfigError, read_config
from tests.collect.station import CHROME, Station

LIST = """
# clouds
203.0.113.0/24
203.0.113.128/25   # inside the one above
198.51.100.7
2001:db8::/32
"""


@pytest.mark.parametrize(
    ("address", "is_inside"),
    [
        ("203.0.113.0", True), ("203.0.113.255", True), ("203.0.112.255", False), ("203.0.114.0", False),
        ("198.51.100.7", True), ("198.51.100.8", False), ("2001:db8::1", True), ("2001:db9::1", False),
        ("::ffff:203.0.113.9", True), ("", False), ("not an address", False),
    ],
)  # fmt: skip
def test_an_address_is_in_a_network_or_not(address: str, is_inside: bool, tmp_path: Path) -> None:
    path = tmp_path / "networks.txt"
    path.write_text(LIST)
    assert read_networks(str(path)).holds(address) is is_inside


def test_a_line_that_is_no_network_is_named_and_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "networks.txt"
    path.write_text("203.0.113.0/24\n203.0.113.0/99\nclouds")
    with caplog.at_level(logging.WARNING):
        assert read_networks(str(path)).holds("203.0.113.1")
    assert [line in caplog.text for line in ("line 2", "line 3")] == [True, True]


def test_a_file_that_is_not_there_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such file"):
        read_config({"LOOPLINE_DATA_CENTRES": str(tmp_path / "none.txt")})


@pytest.mark.parametrize("is_there", [True, False])
def test_of_an_address_only_the_kind_of_network_is_kept(station: Station, tmp_path: Path, is_there: bool) -> None:
    path = tmp_path / "networks.txt"
    if is_there:
        path.write_text("127.0.0.0/8\n")
    settings = Settings(data_centres=str(path))
    station.loader = Loader(station.inbox, station.engine, station.state, settings=lambda: settings)
    event = {"type": "page", "messageId": "m1", "anonymousId": "v1", "context": {"consent": 2},
             "properties": {"_loopline": {"network": "mine"}, "plan": "gold"}}  # fmt: skip
    station.send(event, key="browser-key", **{"User-Agent": CHROME})
    [row] = station.events()
    said = json.loads(str(row["properties"]))
    assert said["plan"] == "gold"
    assert said.get("_loopline", {}).get("network") == ("data_centre" if is_there else None)
    assert "127.0.0.1" not in json.dumps(row, default=str)
    assert row["bot_verdict"] == "human"
