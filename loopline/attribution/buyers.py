"""Who the buyers are: the segment of each person, by the company they work for."""

from loopline.attribution.state import Part, latest

SEGMENTS: dict[str, str] = {
    "industry": "coalesce(c.industry, '')",
    "size": "CASE WHEN c.employees IS NULL THEN '' WHEN c.employees < 10 THEN '1 to 9' WHEN c.employees < 50 "
    "THEN '10 to 49' WHEN c.employees < 250 THEN '50 to 249' WHEN c.employees < 1000 THEN '250 to 999' "
    "ELSE '1,000 and more' END",
    "country": "coalesce(c.country, '')",
}
"""Rows by the buyer's company, over `c`, the company beside a record; "" where it is not known."""

_EMPLOYERS = Part("employers", latest("person_facts", "company_id"))
_COMPANIES = Part("buying_companies", latest("company_facts", "industry", "employees"))
BUYER_SEGMENTS = Part(
    "buyer_segments",
    f"""
    SELECT p.id AS person_id, {SEGMENTS["industry"]} AS industry, {SEGMENTS["size"]} AS size
    FROM employers AS p JOIN buying_companies AS c ON c.id = p.company_id
    WHERE NOT p.is_deleted AND NOT c.is_deleted AND p.company_id <> ''
    """,
    (_EMPLOYERS, _COMPANIES),
)
"""The part `buyer_segments`: people whose company is known, with its industry and size as of now."""
