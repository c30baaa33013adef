"""Which channel brought a visit: one table of cases."""

import pytest

from loopline.collect.channels import CHANNELS, RULES, VERSION, Condition, Rule, RuleSet, Visit, decide

CASES = [
    # utm_source, utm_medium, utm_campaign, click id, referrer → channel
    ("", "", "", "", "", "Direct"),
    ("google", "cpc", "spring", "", "", "Paid Search"),
    ("google", "ppc", "", "", "", "Paid Search"),
    ("bing", "paid-search", "", "", "", "Paid Search"),
    ("", "", "", "gclid", "www.google.com", "Paid Search"),
    ("", "", "", "gclid", "", "Paid Search"),
    ("", "", "", "msclkid", "www.bing.com", "Paid Search"),
    ("google", "", "spring", "gclid", "", "Paid Search"),
    ("", "", "", "dclid", "", "Display"),
    ("", "", "", "", "www.google.co.uk", "Organic Search"),
    ("", "", "", "", "duckduckgo.com", "Organic Search"),
    ("", "", "", "", "search.brave.com", "Organic Search"),
    ("", "", "", "", "android-app.example", "Referral"),
    ("", "", "", "", "com.google.android.googlequicksearchbox", "Organic Search"),
    ("", "organic", "", "", "", "Organic Search"),
    ("", "", "", "", "docs.google.com", "Referral"),
    ("", "", "", "", "mail.google.com", "Referral"),
    ("", "", "", "", "google.evil.example", "Referral"),
    ("", "", "", "", "notgoogle.com", "Referral"),
    ("facebook", "paid", "", "", "", "Paid Social"),
    ("linkedin", "cpc", "", "", "", "Paid Social"),
    ("", "", "", "li_fat_id", "", "Paid Social"),
    ("", "", "", "fbclid", "l.facebook.com", "Organic Social"),
    ("", "", "", "", "m.facebook.com", "Organic Social"),
    ("", "", "", "", "t.co", "Organic Social"),
    ("", "", "", "", "news.ycombinator.com", "Organic Social"),
    ("newsroom", "social", "", "", "", "Organic Social"),
    ("youtube", "cpc", "", "", "", "Paid Video"),
    ("", "", "", "", "www.youtube.com", "Organic Video"),
    ("vendor", "video", "", "", "", "Organic Video"),
    ("adnetwork", "display", "", "", "", "Display"),
    ("adnetwork", "banner", "", "", "", "Display"),
    ("adnetwork", "cpm", "", "", "", "Display"),
    ("unknown-network", "cpc", "", "", "", "Paid Other"),
    ("amazon", "cpc", "", "", "", "Paid Shopping"),
    ("unknown", "cpc", "summer-shop", "", "", "Paid Shopping"),
    ("unknown", "cpc", "workshop", "", "", "Paid Other"),
    ("unknown", "cpc", "eshop", "", "", "Paid Shopping"),
    ("", "", "", "", "www.etsy.com", "Organic Shopping"),
    ("google", "cpc", "2026 cross-network", "", "", "Cross-network"),
    ("newsletter", "email", "may", "", "", "Email"),
    ("newsletter", "e-mail", "", "", "", "Email"),
    ("email", "", "", "", "", "Email"),
    ("weekly", "newsletter", "", "", "", "Email"),
    ("", "", "", "mc_cid", "", "Email"),
    ("partner-blog", "referral", "", "", "", "Referral"),
    ("", "", "", "", "blog.example.com", "Referral"),
    ("vendor", "affiliate", "", "", "", "Affiliates"),
    ("podcast", "audio", "", "", "", "Audio"),
    ("sms", "", "", "", "", "SMS"),
    ("vendor", "sms", "", "", "", "SMS"),
    ("app", "web-push", "", "", "", "Mobile Push Notifications"),
    ("app", "mobile", "", "", "", "Mobile Push Notifications"),
    ("", "", "", "", "chatgpt.com", "AI Assistants"),
    ("chatgpt.com", "", "", "", "", "AI Assistants"),
    ("", "", "", "", "www.perplexity.ai", "AI Assistants"),
    ("", "", "", "", "gemini.google.com", "AI Assistants"),
    ("hannover", "tradeshow", "", "", "", "Event"),
    ("acme", "partner", "", "", "", "Partner"),
    ("agency", "telesales", "", "", "", "Telesales"),
    ("catalogue", "direct-mail", "", "", "", "Direct Mail"),
    ("anna", "sales", "", "", "", "Sales"),
    ("somewhere", "something", "", "", "", "Unassigned"),
]


@pytest.mark.parametrize(("source", "medium", "campaign", "click_id", "referrer", "channel"), CASES)
def test_the_first_rule_that_holds_decides(
    source: str, medium: str, campaign: str, click_id: str, referrer: str, channel: str
) -> None:
    visit = Visit(source, medium, campaign, click_id_kind=click_id, referrer_host=referrer)
    assert decide(visit).channel == channel


@pytest.mark.parametrize(
    ("touch", "kind", "channel"),
    [
        ("email_click", "email", "Email"),
        ("reply", "email", "Email"),
        ("call", "call", "Telesales"),
        ("meeting", "meeting", "Sales"),
        ("event", "offline", "Event"),
        ("partner", "track", "Partner"),
        ("self_reported", "form", "Self-reported"),
    ],
)
def test_touchpoints_beyond_the_web_have_their_channels(touch: str, kind: str, channel: str) -> None:
    assert decide(Visit(), touch=touch, kind=kind).channel == channel


def test_an_organisations_own_rule_goes_ahead_and_its_number_is_stored() -> None:
    fair = Rule("own-fair", "Event", ((Condition("campaign", "contains", ("fair",)),),))
    own = RuleSet(3, (fair,))
    visit = Visit("google", "cpc", "spring-fair")
    assert decide(visit, own=own)[:2] == ("Event", f"own-fair@{VERSION}+3")
    assert decide(visit)[:2] == ("Paid Search", f"ga4-paid-search@{VERSION}")
    assert decide(Visit("google", "cpc", "spring"), own=own).rule == f"ga4-paid-search@{VERSION}+3"


def test_other_rules_of_the_organisation_decide_anew() -> None:
    visit = Visit("fb", "story")
    before = RuleSet(1, (Rule("own-a", "Email", ((Condition("site", "is", ("facebook",)),),)),))
    after = RuleSet(2, (Rule("own-a", "Event", ((Condition("medium", "starts", ("sto",)),),)),))
    assert [decide(visit, own=one).channel for one in (before, after)] == ["Email", "Event"]


@pytest.mark.parametrize(
    ("source", "medium", "channel"),
    [
        ("fb", "paid", "Paid Social"),
        ("ig", "cpc", "Paid Social"),
        ("linkedin.com", "paid-social", "Paid Social"),
        ("lnkd.in", "", "Organic Social"),
        ("t.co", "", "Organic Social"),
        ("yt", "cpc", "Paid Video"),
        ("claude.ai", "referral", "AI Assistants"),
        ("ig.com", "", "Unassigned"),
        ("tt.com", "referral", "Referral"),
    ],
)
def test_sources_go_by_many_names(source: str, medium: str, channel: str) -> None:
    assert decide(Visit(source, medium)).channel == channel


def test_the_explanation_names_the_values_and_the_rule() -> None:
    text = decide(Visit("google", "cpc", "spring")).explanation
    assert all(part in text for part in ("Paid Search", "“google”", "“cpc”", "“spring”", "ga4-paid-search"))


def test_every_channel_of_the_definitions_has_a_rule() -> None:
    promised = (
        "Direct, Cross-network, Paid Shopping, Paid Search, Paid Social, Paid Video, Display, Paid Other, Organic "
        "Shopping, Organic Social, Organic Video, Organic Search, Referral, Email, Affiliates, Audio, SMS, Mobile Push "
        "Notifications, AI Assistants, Event, Partner, Telesales, Direct Mail, Sales, Self-reported"
    )
    assert set(promised.split(", ")) == set(CHANNELS) - {"Unassigned"}
    assert len({rule.key for rule in RULES}) == len(RULES)
