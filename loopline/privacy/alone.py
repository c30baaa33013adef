"""An erasure by a command, while no server runs: what waits in the inbox and outbox is carried over first."""

from typing import Any
from uuid import UUID

import msgspec

from loopline.access.actor import Actor
from loopline.access.processing import settings_now
from loopline.collect.inbox import Inbox
from loopline.collect.keys import Keys
from loopline.collect.loader import Loader
from loopline.collect.settings import Settings
from loopline.collect.state import State
from loopline.facts.relay import Relay
from loopline.lib.config import Config
from loopline.privacy.steps import finish_all
from loopline.privacy.telling import asked, told_erasure
from loopline.store.current import in_use
from loopline.store.engine import Engine


def erase_alone(text: str, config: Config, engine: Engine, by: Actor) -> dict[str, Any]:
    """Ask for it and do it. Raises EraseError, NotAllowedError and StoreError."""
    erasure = asked(text, config.data, by)
    with in_use(engine):
        _load(config, engine)
        Relay(engine).relay_all()
        finish_all(config.data, engine)
        Relay(engine).relay_all()
    return told_erasure(UUID(erasure["id"]))


def _load(config: Config, engine: Engine) -> None:
    inbox, state, keys = Inbox(config.data), State(config.data), Keys(config.data)
    try:
        settings = _settings(keys, config.data_centres, config.places)
        Loader(inbox, engine, state, settings=lambda: settings).load_all()
    finally:
        keys.close()
        state.close()
        inbox.close()


def _settings(keys: Keys, data_centres: str, places: tuple[str, ...]) -> Settings:
    return msgspec.structs.replace(settings_now(keys), data_centres=data_centres, places=places)
