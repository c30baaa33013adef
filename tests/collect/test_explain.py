"""Why a channel: what is explained is what happens, through the command and through the collector alike."""

import pytest

from loopline.cli.main import main
from loopline.collect.channels import CHANNELS, RULES, UNASSIGNED, Condition, Rule, RuleSet
from loopline.collect.explain import Outcome, explain, told_by
from loopline.collect.settings import Settings
from tests.collect.station import CHROME, Station
from tests.collect.test_channels import CASES

OWN = RuleSet(2, (Rule("own-fair", "Event", ((Condition("campaign", "contains", ("fair",)),),)),))


def test_every_rule_is_told_in_order_and_one_of_them_held() -> None:
    told = told_by("https://example.com/?utm_source=fb&utm_medium=paid", "", Settings())
    found = explain(told, OWN)
    assert [rule.key for rule in found.rules] == ["own-fair", *(rule.key for rule in RULES), UNASSIGNED.key]
    assert [rule.key for rule in found.rules if rule.outcome is Outcome.HELD] == ["ga4-paid-social"]
    assert found.rules[0].is_own
    assert "campaign contains “fair”: it is empty" in found.rules[0].missing
    assert found.site is not None
    assert (found.site.name, found.site.entry) == ("facebook", "fb")
    outcomes = [rule.outcome for rule in found.rules]
    assert set(outcomes[outcomes.index(Outcome.HELD) + 1 :]) == {Outcome.NOT_REACHED}


@pytest.mark.parametrize(("source", "medium", "campaign", "click_id", "referrer", "channel"), CASES)
def test_the_rule_that_held_is_the_one_that_decided(
    source: str, medium: str, campaign: str, click_id: str, referrer: str, channel: str
) -> None:
    parts = {"utm_source": source, "utm_medium": medium, "utm_campaign": campaign, click_id or "x": "1"}
    url = "https://shop.example/?" + "&".join(f"{key}={value}" for key, value in parts.items() if value)
    found = explain(told_by(url, referrer, Settings()), RuleSet())
    held = [rule for rule in found.rules if rule.outcome is Outcome.HELD]
    assert [rule.channel for rule in held] == [channel] == [found.decision.channel]
    assert found.decision.rule == f"{held[0].key}@{found.version}"


def test_a_referrer_that_does_not_count_is_named_with_the_reason() -> None:
    settings = Settings(own_hosts=frozenset({"example.org"}))
    for referrer, reason in [
        ("https://www.paypal.com/back", "pay or sign-in page"),
        ("shop.example.org", "example.org is one of your own"),
        ("www.example.com", "the page's own site"),
    ]:
        told = told_by("https://example.com/", referrer, settings)
        assert reason in told.referrer_note
        assert explain(told, RuleSet()).decision.channel == "Direct"


def test_an_event_gets_the_channel_that_is_explained(station: Station) -> None:
    station.keys.set_channel_rules(OWN.rules)
    url, referrer = "https://example.com/?utm_source=badge&utm_campaign=spring-fair", "https://www.google.com/"
    pages = {"m1": (url, referrer), "m2": ("https://example.com/", "https://checkout.stripe.com/x")}
    for message_id, (address, led_by) in pages.items():
        context = {"page": {"url": address, "referrer": led_by}, "consent": 2}
        event = {"type": "page", "messageId": message_id, "anonymousId": f"v-{message_id}", "context": context}
        station.send(event, key="browser-key", **{"User-Agent": CHROME})
    found = {row["event_id"]: row for row in station.events()}
    settings = station.keys.settings()
    said = explain(told_by(url, referrer, settings), settings.channel_rules)
    assert (found["m1"]["channel"], found["m1"]["channel_rule"]) == (said.decision.channel, said.decision.rule)
    assert said.decision.channel == "Event"
    assert str(found["m1"]["channel_rule"]).endswith("+1")
    assert (found["m2"]["channel"], found["m2"]["referrer_host"]) == ("Direct", "")


@pytest.mark.django_db(transaction=True)
def test_the_command_prints_the_channel_every_rule_and_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "channel", "https://example.com/?utm_source=IG&utm_medium=cpc", "--referrer", "t.co"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("Paid Social  (rule ga4-paid-social@")
    assert "= instagram, a social network, by the entry ig" in said
    assert "→ ga4-paid-social" in said
    assert all(rule.key in said for rule in RULES)
    assert set(CHANNELS) >= {rule.channel for rule in RULES}
    assert main(["explain"]) == 2
