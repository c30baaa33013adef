"""A change of the lead definition that waits for sales: something to try on the past year. And a score fitted to it."""

from contextlib import suppress
from datetime import datetime, timedelta

from loopline.demo import world
from loopline.demo.ground import Ground
from loopline.leads.definition_actions import draft_definition, propose_definition, sign_definition
from loopline.leads.fitted_scores import fit_score
from loopline.reports.fitted.run import FitError

BECAUSE = "Small firms take as long as large ones and buy half as much. Let us ask for fifty people."


def propose_change(ground: Ground, until: datetime) -> None:
    """The first unit's marketing asks for larger companies and has signed; sales has not yet."""
    version, marketing = ground.definitions[world.UNITS[0].key], ground.users["mara@halden.example"].actor
    at = until - timedelta(days=3)
    rules = dict(version.rules)
    evidence = dict(rules["evidence"])
    evidence["company"] = {"all": [evidence["company"], {"field": "company.employees", "at_least": 50}]}
    proposed = draft_definition(
        version.unit,
        rules | {"evidence": evidence},
        examples=version.example_leads,
        because=BECAUSE,
        by=marketing,
        at=at,
    )
    propose_definition(proposed, by=marketing, at=at)
    sign_definition(proposed, "marketing", by=marketing, at=at)


def fit_first_score(ground: Ground, until: datetime) -> None:
    """The first unit's marketing had a score fitted; a company too small for one has none."""
    with suppress(FitError):
        fit_score(ground.units[world.UNITS[0].key], by=ground.users["mara@halden.example"].actor, at=until)
