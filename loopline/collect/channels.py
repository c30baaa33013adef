"""Channels: ordered rules decide which channel brought a visit or a touchpoint. The first rule that holds wins.

The base are GA4's default channel grouping rules in GA4's order (support.google.com/analytics/answer/9756891), so
that figures compare with what marketers know. Around them stand what a closed loop needs beyond the web, and AI
Assistants just before Referral, where GA4 would otherwise count them. An organisation's own rules go ahead of all.
"""

import re
from functools import lru_cache
from typing import NamedTuple

import msgspec

from loopline.collect.sources import AI, KINDS, SEARCH, SHOPPING, SOCIAL, VIDEO, category_of, site_of

VERSION = "2026.2"
"""Stored with every event beside the rule's key; grows when a rule or the list of sites changes."""


class Visit(NamedTuple):
    """Where a visit came from. Source, medium and campaign are trimmed and in lower case."""

    source: str = ""
    medium: str = ""
    campaign: str = ""
    content: str = ""
    term: str = ""
    click_id_kind: str = ""
    referrer_host: str = ""
    """Empty for the organisation's own hosts."""

    @property
    def says_something(self) -> bool:
        return any(self)


NO_VISIT = Visit()


class Traffic(NamedTuple):
    """What the rules look at: the visit as GA4 would name it, and what kind of touchpoint it is."""

    source: str
    medium: str
    campaign: str
    category: str
    touch: str
    kind: str
    site: str = ""
    """The one name of the site behind the source (`facebook` for fb and m.facebook.com); "" = none we know."""
    referrer: str = ""
    click_id: str = ""


FIELDS = {
    "source": "source", "site": "site", "medium": "medium", "campaign": "campaign", "referrer": "referrer",
    "click_id": "click id", "category": "kind of site", "touch": "touchpoint", "kind": "kind of event",
}  # fmt: skip
"""What a condition can look at, in words."""
TESTS = {
    "is": "is",
    "contains": "contains",
    "starts": "begins with",
    "ends": "ends in",
    "matches": "looks like",
}


class Condition(msgspec.Struct, frozen=True, array_like=True):
    """`field` of Traffic compared by `test`: is (one of), matches (a whole regular expression), contains, starts or
    ends (with one of)."""

    field: str
    test: str
    values: tuple[str, ...]
    said: str = ""
    """In words, where a pattern says it badly."""

    def holds(self, traffic: Traffic) -> bool:
        value: str = getattr(traffic, self.field)
        if self.test == "is":
            return value in self.values
        if self.test == "matches":
            return any(re.fullmatch(one, value) for one in self.values)
        if self.test == "contains":
            return any(one in value for one in self.values)
        if self.test == "starts":
            return value.startswith(self.values)
        return value.endswith(self.values)

    def words(self) -> str:
        if self.said:
            return self.said
        if self.field == "category":
            return f"source is {' or '.join(KINDS.get(one, f'“{one}”') for one in self.values)}"
        names = " or ".join(f"“{one}”" if one else "empty" for one in self.values)
        return f"{FIELDS[self.field]} {TESTS[self.test]} {names}"


class Rule(msgspec.Struct, frozen=True):
    """Holds when, in any one line of `when`, all conditions hold."""

    key: str
    channel: str
    when: tuple[tuple[Condition, ...], ...]

    @property
    def title(self) -> str:
        """Its key as people read it: `ga4-organic-search` → Organic search."""
        words = self.key.removeprefix("ga4-").replace("-", " ")
        return {"ai assistants": "AI assistants", "sms": "SMS"}.get(words, words[:1].upper() + words[1:])

    def words(self) -> str:
        return ", or ".join(" and ".join(condition.words() for condition in line) for line in self.when)


class RuleSet(msgspec.Struct, frozen=True):
    """An organisation's own rules, ahead of the others. The number grows with every change of them."""

    number: int = 0
    rules: tuple[Rule, ...] = ()

    def __hash__(self) -> int:
        """Rules of one number are the same rules; hashing them all would cost more than deciding."""
        return self.number

    @property
    def version(self) -> str:
        """As it is stored with events: that of Loopline's rules, and the number of the organisation's own."""
        return f"{VERSION}+{self.number}" if self.number else VERSION


NO_OWN_RULES = RuleSet()


class Decision(NamedTuple):
    channel: str
    rule: str
    """Key and version of the rule, as stored."""
    explanation: str


def _is(field: str, *values: str) -> Condition:
    return Condition(field, "is", values)


_PAID = Condition(
    "medium",
    "matches",
    (r".*cp.*", r"ppc", r"retargeting", r"paid.*"),
    "medium is a paid one (holds “cp”, begins with “paid”, or is “ppc” or “retargeting”)",
)
_SHOP_CAMPAIGN = Condition(
    "campaign", "matches", (r".*([^a-df-z]|^)shop.*", r".*shopping.*"), "campaign names a shop or shopping"
)
_EMAIL_WORDS = ("email", "e-mail", "e_mail", "e mail")

RULES: tuple[Rule, ...] = (
    Rule("self-reported", "Self-reported", ((_is("touch", "self_reported"),),)),
    Rule("event", "Event", ((_is("touch", "event"),), (_is("medium", "event", "tradeshow", "trade-show", "webinar",
         "conference", "seminar", "workshop"),))),
    Rule("partner", "Partner", ((_is("touch", "partner"),), (_is("medium", "partner", "reseller", "co-marketing"),))),
    Rule("telesales", "Telesales", ((_is("kind", "call"),),
         (_is("medium", "telesales", "telemarketing", "phone", "call"),))),
    Rule("direct-mail", "Direct Mail", ((_is("medium", "direct-mail", "directmail", "direct_mail", "direct mail",
         "print", "letter", "postcard"),),)),
    Rule("sales", "Sales", ((_is("touch", "meeting"),), (_is("kind", "meeting"),),
         (_is("medium", "sales", "outbound"),))),
    Rule("email-answer", "Email", ((_is("touch", "email_click", "reply"),),)),
    Rule("ga4-direct", "Direct", ((_is("source", "(direct)", "direct"),
         _is("medium", "(none)", "(not set)", "none", "")),)),
    Rule("ga4-cross-network", "Cross-network", ((Condition("campaign", "contains", ("cross-network",)),),)),
    Rule("ga4-paid-shopping", "Paid Shopping", ((_is("category", SHOPPING), _PAID), (_SHOP_CAMPAIGN, _PAID))),
    Rule("ga4-paid-search", "Paid Search", ((_is("category", SEARCH), _PAID),)),
    Rule("ga4-paid-social", "Paid Social", ((_is("category", SOCIAL), _PAID),)),
    Rule("ga4-paid-video", "Paid Video", ((_is("category", VIDEO), _PAID),)),
    Rule("ga4-display", "Display", ((_is("medium", "display", "banner", "expandable", "interstitial", "cpm"),),)),
    Rule("ga4-paid-other", "Paid Other", ((_PAID,),)),
    Rule("ga4-organic-shopping", "Organic Shopping", ((_is("category", SHOPPING),), (_SHOP_CAMPAIGN,))),
    Rule("ga4-organic-social", "Organic Social", ((_is("category", SOCIAL),), (_is("medium", "social", "social-network",
         "social-media", "sm", "social network", "social media"),))),
    Rule("ga4-organic-video", "Organic Video", ((_is("category", VIDEO),),
         (Condition("medium", "contains", ("video",)),))),
    Rule("ga4-organic-search", "Organic Search", ((_is("category", SEARCH),), (_is("medium", "organic"),))),
    Rule("ai-assistants", "AI Assistants", ((_is("category", AI),), (_is("medium", "ai", "ai-assistant"),))),
    Rule("ga4-referral", "Referral", ((_is("medium", "referral", "app", "link"),),)),
    Rule("ga4-email", "Email", ((_is("source", *_EMAIL_WORDS),), (_is("medium", *_EMAIL_WORDS),))),
    Rule("ga4-affiliates", "Affiliates", ((_is("medium", "affiliate", "affiliates"),),)),
    Rule("ga4-audio", "Audio", ((_is("medium", "audio"),),)),
    Rule("ga4-sms", "SMS", ((_is("source", "sms"),), (_is("medium", "sms"),))),
    Rule("ga4-push", "Mobile Push Notifications", ((Condition("medium", "ends", ("push",)),),
         (Condition("medium", "contains", ("mobile", "notification")),), (_is("source", "firebase"),))),
    Rule("newsletter", "Email", ((Condition("medium", "contains", ("newsletter", "mailing")),),
         (_is("source", "newsletter"),))),
)  # fmt: skip
UNASSIGNED = Rule("ga4-unassigned", "Unassigned", ())
"""Tagged links that no rule knows, as in GA4: a sign to mend the tags."""

CHANNELS: tuple[str, ...] = tuple(dict.fromkeys(rule.channel for rule in (*RULES, UNASSIGNED)))

# What a click id proves when the link says nothing more: (source, medium).
_CLICK_IDS = {
    "gclid": ("google", "cpc"), "gbraid": ("google", "cpc"), "wbraid": ("google", "cpc"),
    "dclid": ("google", "display"),
    "msclkid": ("bing", "cpc"), "yclid": ("yandex", "cpc"), "ttclid": ("tiktok", "cpc"), "twclid": ("twitter", "cpc"),
    "li_fat_id": ("linkedin", "cpc"), "epik": ("pinterest", "cpc"), "rdt_cid": ("reddit", "cpc"),
    "sccid": ("snapchat", "cpc"), "fbclid": ("facebook", "social"), "mc_cid": ("mailchimp", "email"),
    "irclickid": ("impact", "affiliate"),
}  # fmt: skip


def traffic_of(visit: Visit, touch: str = "", kind: str = "") -> Traffic:
    """The visit in GA4's words. utm values speak first, then the click id, then the referrer; else `(direct)`."""
    click_source, click_medium = _CLICK_IDS.get(visit.click_id_kind, ("", ""))
    if visit.source or visit.medium or visit.campaign:
        source, medium = visit.source or click_source, visit.medium or click_medium
        source = source or visit.referrer_host or "(not set)"
    elif click_source:
        source, medium = click_source, click_medium
    elif visit.referrer_host:
        source = visit.referrer_host
        medium = "organic" if category_of(source) == SEARCH else "referral"
    else:
        source, medium = "(direct)", "(none)"
    site = site_of(source)
    category = site.category if site else ""
    return Traffic(
        source, medium, visit.campaign, category, touch, kind, site.name if site and category else "",
        visit.referrer_host, visit.click_id_kind,
    )  # fmt: skip


def decide(visit: Visit, *, touch: str = "", kind: str = "", own: RuleSet = NO_OWN_RULES) -> Decision:
    """The channel of a visit, the rule that decided, and why in words."""
    return _decide(visit._replace(content="", term=""), touch, kind, own)


@lru_cache(maxsize=50_000)
def _decide(visit: Visit, touch: str, kind: str, own: RuleSet) -> Decision:
    traffic = traffic_of(visit, touch, kind)
    for rule in (*own.rules, *RULES):
        for line in rule.when:
            if all(condition.holds(traffic) for condition in line):
                return _decision(rule, " and ".join(condition.words() for condition in line), traffic, own)
    return _decision(UNASSIGNED, "no rule knows these values", traffic, own)


def _decision(rule: Rule, reason: str, traffic: Traffic, own: RuleSet) -> Decision:
    said = f"source “{traffic.source}”, medium “{traffic.medium}”" + (
        f", campaign “{traffic.campaign}”" if traffic.campaign else ""
    )
    return Decision(
        rule.channel, f"{rule.key}@{own.version}", f"{rule.channel}, because {reason} ({said}; rule {rule.key})"
    )
