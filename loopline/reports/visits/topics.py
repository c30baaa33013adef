"""What a page is about: the topic of its path. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

HOME = "Home page"


class Topic(NamedTuple):
    prefix: str
    """Beginning of a path: `/product/line-control` is also the topic of everything below it."""
    name: str


def topic_of(path: str, topics: Sequence[Topic]) -> str:
    """The topic with the longest prefix that fits; else the first part of the path in words."""
    whole = f"{path.rstrip('/').lower()}/"
    fitting = [topic for topic in topics if whole.startswith(f"{topic.prefix.rstrip('/').lower()}/")]
    if fitting:
        return max(fitting, key=lambda topic: len(topic.prefix)).name
    first = next((part for part in path.split("/") if part), "")
    return first.partition(".")[0].replace("-", " ").replace("_", " ").strip().capitalize() or HOME
