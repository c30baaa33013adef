"""What the organisation decided about processing events, as the steps are given it."""

import msgspec

from loopline.access.models import Organisation
from loopline.collect.keys import Keys
from loopline.collect.settings import Settings


def settings_now(keys: Keys) -> Settings:
    """Own hosts of the organisation and of the write keys, and its own channel rules."""
    said = keys.settings()
    return msgspec.structs.replace(said, own_hosts=said.own_hosts | frozenset(Organisation.current().own_hosts))
