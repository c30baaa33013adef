"""Networks of data centres, from a file of the operator's: one network a line, such as `203.0.113.0/24`.

Visits from there are seldom people's, but companies' own gateways stand there too, so it is a hint and no verdict.
"""

import logging
from bisect import bisect_right
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path

log = logging.getLogger(__name__)


class Networks:
    """Networks that may overlap; looked up by address."""

    def __init__(self, networks: list[IPv4Network | IPv6Network]) -> None:
        self._starts: dict[int, list[int]] = {4: [], 6: []}
        self._ends: dict[int, list[int]] = {4: [], 6: []}
        for one in sorted(networks, key=lambda network: (network.version, int(network.network_address))):
            starts, ends = self._starts[one.version], self._ends[one.version]
            first, last = int(one.network_address), int(one.broadcast_address)
            if ends and first <= ends[-1]:
                ends[-1] = max(ends[-1], last)
            else:
                starts.append(first)
                ends.append(last)
        self.holds = lru_cache(maxsize=20_000)(self._holds)
        """Whether an address, as text, is in one of them; what is no address is not."""

    def _holds(self, address: str) -> bool:
        try:
            found = ip_address(address)
        except ValueError:
            return False
        mapped = getattr(found, "ipv4_mapped", None)
        found = mapped or found
        place = bisect_right(self._starts[found.version], int(found)) - 1
        return place >= 0 and int(found) <= self._ends[found.version][place]


def read_networks(path: str) -> Networks:
    """The networks in a file, read anew when it changes. A line that is none is named in the log and left out."""
    return _read(path, Path(path).stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _read(path: str, _changed_ns: int) -> Networks:
    networks: list[IPv4Network | IPv6Network] = []
    for number, line in enumerate(Path(path).read_text(encoding="utf-8").splitlines(), start=1):
        text = line.partition("#")[0].strip()
        if text:
            try:
                networks.append(ip_network(text, strict=False))
            except ValueError as error:
                log.warning("%s, line %s is left out: %s", path, number, error)
    return Networks(networks)
