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

PERSON_COMPANIES = Part(
    "person_companies",
    f"SELECT id, company_id FROM ({latest('person_facts', 'company_id')}) AS people WHERE NOT is_deleted",
)
"""The part `person_companies`: the company of each person; who was erased or removed has none any more."""
COMPANIES = Part("companies_now", latest("company_facts", "name", "industry", "employees", "country"))
"""The part `companies_now`. A company that was removed keeps what it said, as campaigns do: past figures by industry
stay in their row."""
BUYER_SEGMENTS = Part(
    "buyer_segments",
    f"""
    SELECT p.id AS person_id, {SEGMENTS["industry"]} AS industry, {SEGMENTS["size"]} AS size
    FROM person_companies AS p JOIN companies_now AS c ON c.id = p.company_id WHERE p.company_id <> ''
    """,
    (PERSON_COMPANIES, COMPANIES),
)
"""The part `buyer_segments`: people whose company is known, with its industry and size as of now."""
