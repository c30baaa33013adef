"""Why a visit belongs to its channel: every rule in order, and why it did or did not hold.

It asks the same functions as the steps do, so what it says is what happens to an event.
"""

from dataclasses import dataclass
from enum import StrEnum

from loopline.collect.channels import RULES, UNASSIGNED, Decision, Rule, RuleSet, Traffic, Visit, decide, traffic_of
from loopline.collect.settings import Settings
from loopline.collect.sources import KINDS, Site, site_of
from loopline.collect.steps.campaign import visit_of
from loopline.collect.web_address import read_address, why_no_referrer


class Outcome(StrEnum):
    HELD = "held"
    """It decided: the first rule that holds wins."""
    DID_NOT_HOLD = "did not hold"
    NOT_REACHED = "not reached"


@dataclass(frozen=True, slots=True)
class Checked:
    """One rule, as it was looked at."""

    key: str
    channel: str
    is_own: bool
    """A rule of the organisation's own."""
    needs: str
    """When it holds, in words."""
    outcome: Outcome
    missing: str = ""
    """What was not so, for a rule that did not hold."""


@dataclass(frozen=True, slots=True)
class Told:
    """What an address and a referrer say, before any rule."""

    visit: Visit
    referrer_note: str = ""
    """Why the referrer does not count; empty when it does, or there is none."""


@dataclass(frozen=True, slots=True)
class Explanation:
    told: Told
    traffic: Traffic
    from_what: str
    """What named the source: the campaign values, a click id, the referrer, or nothing."""
    site: Site | None
    """The entry of the list of sites that the source fitted."""
    decision: Decision
    version: str
    rules: tuple[Checked, ...]

    @property
    def site_words(self) -> str:
        """What the list of sites says about the source; empty when it says nothing."""
        if self.site is None:
            return ""
        kind = KINDS.get(self.site.category, "listed as no search engine and no network")
        by = f", by the entry {self.site.entry}" if self.site.entry != self.site.name else ""
        return f"{self.site.name}, {kind}{by}"


def told_by(url: str, referrer: str, settings: Settings) -> Told:
    """What the first page of a visit and its referrer say. A referrer may be written without `https://`."""
    landing = read_address(_whole(url))
    host = read_address(_whole(referrer)).host
    note = why_no_referrer(host, landing.host, settings.own_hosts) if host else ""
    return Told(visit_of(landing.campaign, landing.click_id_kind, "" if note else host), note)


def _whole(address: str) -> str:
    address = address.strip()
    return address if not address or "://" in address else f"https://{address}"


def explain(told: Told, own: RuleSet, *, touch: str = "", kind: str = "") -> Explanation:
    """The channel of a visit with the whole way to it."""
    traffic = traffic_of(told.visit, touch, kind)
    decision = decide(told.visit, touch=touch, kind=kind, own=own)
    rules: list[Checked] = []
    decided = False
    for rule in (*own.rules, *RULES):
        checked = _checked(rule, rule in own.rules, traffic, decided)
        decided = decided or checked.outcome is Outcome.HELD
        rules.append(checked)
    outcome = Outcome.NOT_REACHED if decided else Outcome.HELD
    rules.append(Checked(UNASSIGNED.key, UNASSIGNED.channel, False, "no other rule holds", outcome))
    return Explanation(
        told, traffic, _from_what(told.visit), site_of(traffic.source), decision, own.version, tuple(rules)
    )


def _checked(rule: Rule, is_own: bool, traffic: Traffic, decided: bool) -> Checked:
    if decided:
        return Checked(rule.key, rule.channel, is_own, rule.words(), Outcome.NOT_REACHED)
    failed = [[one for one in line if not one.holds(traffic)] for line in rule.when]
    if not all(failed):
        return Checked(rule.key, rule.channel, is_own, rule.words(), Outcome.HELD)
    nearest = min(failed, key=len)
    missing = " and ".join(f"{one.words()}: it is {_said(one.field, traffic)}" for one in nearest)
    return Checked(rule.key, rule.channel, is_own, rule.words(), Outcome.DID_NOT_HOLD, missing)


def _said(field: str, traffic: Traffic) -> str:
    value = getattr(traffic, field)
    if field == "category":
        return KINDS[value] if value else f"“{traffic.source}”, which no list names"
    return f"“{value}”" if value else "empty"


def _from_what(visit: Visit) -> str:
    if visit.source or visit.medium or visit.campaign:
        return "the campaign values in the address"
    if visit.click_id_kind:
        return f"the click id {visit.click_id_kind}"
    return "the referrer" if visit.referrer_host else "nothing: there is neither campaign value, click id nor referrer"
