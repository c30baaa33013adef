"""Names of countries by their two letters (ISO 3166).

The names are those of `iso3166.tab`, which is part of the time zone database (public domain) and comes with tzdata.
"""

from importlib.resources import files


def _read() -> dict[str, str]:
    text = files("tzdata.zoneinfo").joinpath("iso3166.tab").read_text(encoding="utf-8")
    lines = (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
    return {code: name.replace("&", "and") for code, name in lines}


COUNTRIES: dict[str, str] = _read()


def country_name(code: str) -> str:
    """`NO` → Norway; a text that is no code of a country is its own name."""
    return COUNTRIES.get(code.upper(), code)
