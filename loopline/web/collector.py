"""The collector's files as pages use them: write keys, what was set aside, what was counted. Opened once a process."""

from collections.abc import Callable
from functools import lru_cache

import msgspec
from django.conf import settings

from loopline.access.processing import settings_now
from loopline.campaigns.short_links import SOURCE_ID as SHORT_LINKS
from loopline.collect.keys import Keys
from loopline.collect.log import Log
from loopline.collect.own import SOURCE_ID as OWN
from loopline.collect.quarantine import Quarantine
from loopline.collect.settings import Settings
from loopline.collect.state import State

BEHIND_AFTER_S = 60.0
"""A batch is loaded every second or two."""


@lru_cache(maxsize=1)
def keys() -> Keys:
    return Keys(settings.CONFIG.data)


@lru_cache(maxsize=1)
def state() -> State:
    return State(settings.CONFIG.data)


@lru_cache(maxsize=1)
def log() -> Log:
    return Log(settings.CONFIG.data)


@lru_cache(maxsize=1)
def quarantine() -> Quarantine:
    return Quarantine(state(), log())


def settings_in_force() -> Settings:
    """What the organisation decided about processing, as the loader is told."""
    given = settings.CONFIG
    return msgspec.structs.replace(settings_now(keys()), data_centres=given.data_centres, places=given.places)


def events_behind() -> str:
    """In words, how far the event store is behind what this machine received; empty while that is a moment."""
    waiting = max(0, log().last_seq() - state().position())
    if not waiting or log().age_s(state().position()) < BEHIND_AFTER_S:
        return ""
    return f"{waiting:,} events that were received are not in the event store yet"


def source_names() -> Callable[[str], str]:
    """How people call a source of events: the name of its write key, or what else sends events."""
    names = {"": "No known key", OWN: "Loopline itself", SHORT_LINKS: "Short links", "forms": "Forms"}
    names |= {key.id: key.name for key in keys().list()}

    def name(source_id: str) -> str:
        what, _, site = source_id.partition(":")
        return f"Access log of {site}" if what == "access-log" else names.get(source_id, source_id)

    return name
