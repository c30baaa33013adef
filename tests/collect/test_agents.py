"""User agents: what they tell of device and browser, and which are crawlers, by one set of patterns each."""

import pytest
from crawleruseragents import CRAWLER_USER_AGENTS_DATA, is_crawler

from loopline.collect.steps.devices import describe_agent
from loopline.collect.steps.machines import names_a_crawler
from tests.collect.station import CHROME

AGENTS = [
    (CHROME, ("desktop", "Chrome", "Linux")),
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0",
     ("desktop", "Firefox", "Windows")),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 "
     "Mobile/15E148 Safari/604.1", ("mobile", "Mobile Safari", "iOS")),
    ("Mozilla/5.0 (iPad; CPU OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 "
     "Mobile/15E148 Safari/604.1", ("tablet", "Mobile Safari", "iOS")),
    ("Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile "
     "Safari/537.36", ("mobile", "Chrome Mobile", "Android")),
    ("Mozilla/5.0 (Linux; Android 14; SM-X910) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
     ("tablet", "Chrome", "Android")),
    ("Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/94.0.4606.128 Safari/537.36 "
     "WebAppManager", ("tv", "Chrome", "Web0S")),
]  # fmt: skip


@pytest.mark.parametrize(("agent", "told"), AGENTS)
def test_a_user_agent_tells_device_browser_and_system(agent: str, told: tuple[str, str, str]) -> None:
    assert describe_agent(agent) == told
    assert not names_a_crawler(agent)


@pytest.mark.parametrize("agent", ["", "x", "\x00", "é" * 512, "Mozilla/5.0 " + "(" * 500, "%s{}\\1$(", "𝔐ozilla"])
def test_a_user_agent_that_says_nothing_tells_nothing(agent: str) -> None:
    assert describe_agent(agent) == ("", "", "")
    assert not names_a_crawler(agent)


def test_one_set_of_patterns_finds_the_crawlers_that_the_list_finds_one_by_one() -> None:
    named = [agent for one in CRAWLER_USER_AGENTS_DATA for agent in one.get("instances", [])[:1]]
    assert len(named) > 500
    assert [agent for agent in named if names_a_crawler(agent) != is_crawler(agent)] == []
