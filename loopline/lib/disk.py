"""What has to be on the disk before something else may rely on it."""

import os
from pathlib import Path


def put_on_disk(path: Path) -> None:
    """Return once a file's content is on the disk; of a folder, the names in it. Raises OSError."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
