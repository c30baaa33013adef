"""Device, browser and operating system, from the user agent."""

from functools import lru_cache

from ua_parser import Domain
from ua_parser.loaders import load_builtins
from ua_parser.regex import Resolver

from loopline.collect.work import Work

_TABLETS = ("ipad", "tablet", "kindle", "playbook", "silk/")
_PHONES = ("mobile", "iphone", "ipod", "windows phone")
_SCREENS = ("smart-tv", "smarttv", "appletv", "hbbtv", "googletv", "bravia", "netcast", "webos")
_WANTED = Domain.USER_AGENT | Domain.OS
"""Models of devices, which nobody asks for, would cost more than these two together."""


def read_device(work: Work) -> None:
    for item in work.items:
        if item.user_agent:
            item.device, item.browser, item.os = describe_agent(item.user_agent)


@lru_cache(maxsize=20_000)
def describe_agent(agent: str) -> tuple[str, str, str]:
    """(device, browser, operating system) of a user agent; unknown parts are empty."""
    found = _patterns()(agent, _WANTED)
    browser = found.user_agent.family if found.user_agent else ""
    system = found.os.family if found.os else ""
    text = agent.lower()
    if any(word in text for word in _SCREENS):
        device = "tv"
    elif any(word in text for word in _TABLETS) or (system == "Android" and "mobile" not in text):
        device = "tablet"
    elif any(word in text for word in _PHONES):
        device = "mobile"
    else:
        device = "desktop" if system in {"Windows", "Mac OS X", "Linux", "Ubuntu", "Chrome OS", "Fedora"} else ""
    return device, browser, system


@lru_cache(maxsize=1)
def _patterns() -> Resolver:
    """Made when first needed: it takes a tenth of a second, and only the process of the steps needs it."""
    return Resolver(load_builtins())
