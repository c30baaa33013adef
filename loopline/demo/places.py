"""Where the demo company's visitors are: a places file of made-up networks, and an address in one of them for each.

The addresses are of 198.18.0.0/15, which is set aside for tests and belongs to nobody.
"""

import random
from collections.abc import Iterator
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from loopline.demo.mmdb import write_mmdb

FILE = "places.mmdb"
_REGIONS = {
    "DE": ("Bavaria", "North Rhine-Westphalia", "Hesse"),
    "FR": ("Auvergne-Rhône-Alpes", "Île-de-France"),
    "NO": ("Oslo", "Rogaland"),
    "SE": ("Stockholm", "Västra Götaland"),
    "NL": ("North Holland", "South Holland"),
    "ES": ("Catalonia", "Madrid"),
    "IT": ("Lombardy", "Piedmont"),
    "PL": ("Mazovia", "Silesia"),
    "US": ("Ohio", "Texas", "Massachusetts"),
    "CA": ("Ontario", "Quebec"),
    "BR": ("São Paulo", "Paraná"),
    "MX": ("Nuevo León", "Jalisco"),
}
_OWNERS = ("Meridian Broadband", "Lumen Ridge Access", "Kestrel Mobile", "Vossfeld Pumpen", "Aldermoor Chemicals")
"""Mostly access providers, which say little; the last two are companies with a network of their own."""
_WEIGHTS = (0.42, 0.3, 0.2, 0.05, 0.03)
_HERE = {"country_code": "NO", "region": "Oslo", "as_name": "Meridian Broadband"}
"""Whoever tries the demo out comes from this machine."""


def _networks() -> dict[str, list[IPv4Network]]:
    """Country → its networks, one for each region and owner."""
    free: Iterator[IPv4Network] = IPv4Network("198.18.0.0/15").subnets(new_prefix=24)
    return {country: [next(free) for _ in range(len(regions) * len(_OWNERS))] for country, regions in _REGIONS.items()}


NETWORKS = _networks()


def write_places(folder: Path, built_s: int) -> Path:
    """The file, in the flat layout that IPinfo uses."""
    known: dict[str, Any] = {"127.0.0.0/8": _HERE, "::1/128": _HERE}
    for country, networks in NETWORKS.items():
        pairs = [(region, owner) for region in _REGIONS[country] for owner in _OWNERS]
        for network, (region, owner) in zip(networks, pairs, strict=True):
            known[str(network)] = {"country_code": country, "region": region, "as_name": owner}
    write_mmdb(folder / FILE, known, kind="Demo places", built_s=built_s)
    return folder / FILE


def address_of(visitor: str, country: str) -> str:
    """A browser stays where it is: the address follows from the visitor."""
    dice = random.Random(f"{visitor} is at")
    region = dice.randrange(len(_REGIONS[country]))
    owner = dice.choices(range(len(_OWNERS)), _WEIGHTS)[0]
    network = NETWORKS[country][region * len(_OWNERS) + owner]
    return str(network[dice.randrange(1, 255)])
