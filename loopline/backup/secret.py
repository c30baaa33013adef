"""SECRET_KEY and a backup: whether the key is the same one is told without telling the key."""

import hmac
import os
from pathlib import Path

from django.conf import settings

from loopline.backup.contents import KEY


def key_mark() -> str:
    """The same for the same SECRET_KEY; nothing of the key can be read from it."""
    return hmac.digest(settings.SECRET_KEY.encode(), b"loopline backups", "sha256").hex()


def use_key_of(folder: Path) -> None:
    """Let Django use the backup's SECRET_KEY, unless the environment names one. Call it before Django is set up: it
    would make a new one."""
    try:
        os.environ.setdefault("SECRET_KEY", (folder / KEY).read_text())
    except (OSError, UnicodeDecodeError):
        os.environ.setdefault("SECRET_KEY", "none: the backup holds no key, or holds one that cannot be read")
