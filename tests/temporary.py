"""Where tests put their files: in memory, where the system has a file system there with room enough.

Hundreds of tests make databases of their own, and nobody needs one after its test. On a disk a tenth of a run's
processor time goes into keeping them.
"""

import os
import shutil
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")
ROOM = 6 * 2**30
"""What a run may need with room to spare. Containers often have 64 MB there, which is none."""


def keep_files_in_memory() -> None:
    """For this process and all it starts. A folder chosen by TMPDIR stays."""
    if "TMPDIR" in os.environ or not _is_fit(MEMORY):
        return
    os.environ["TMPDIR"] = str(MEMORY)
    tempfile.tempdir = None  # Python asks for it anew


def _is_fit(folder: Path) -> bool:
    """Whether files can be made and programs be run there, and there is room, in the memory too."""
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        return False
    can_run = not os.statvfs(folder).f_flag & os.ST_NOEXEC
    return can_run and min(shutil.disk_usage(folder).free, _free_memory()) > ROOM


def _free_memory() -> int:
    """Bytes that programs can have without others being put out; 0 where the system does not say."""
    try:
        told = Path("/proc/meminfo").read_text(encoding="ascii")
    except OSError:
        return 0
    [line] = [line for line in told.splitlines() if line.startswith("MemAvailable:")]
    return int(line.split()[1]) * 1024
