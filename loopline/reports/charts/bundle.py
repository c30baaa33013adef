"""The program that draws charts in the page: Vega, Vega-Lite and Vega-Embed in one file, from vl-convert-python.

Making it takes seconds and a JavaScript engine of a hundred megabytes, so another process does it, once per version;
the file is kept in the data folder.
"""

import gzip
import os
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from threading import Lock

_making = Lock()
_MAKE = "import sys, vl_convert; sys.stdout.buffer.write(vl_convert.javascript_bundle().encode())"


class ChartBundleError(RuntimeError):
    """The bundle could not be made; the message says why."""


@lru_cache(maxsize=1)
def version() -> str:
    """Names the bundle in its address, so that browsers may keep it for ever."""
    from importlib.metadata import version as installed

    return installed("vl-convert-python")


def bundle(folder: Path) -> bytes:
    """The bundle, gzipped. Raises ChartBundleError when it cannot be made or kept."""
    path = folder / f"charts-{version()}.js.gz"
    with _making:
        if not path.exists():
            _make(path)
    return path.read_bytes()


def _make(path: Path) -> None:
    try:
        made = subprocess.run([sys.executable, "-c", _MAKE], capture_output=True, timeout=120, check=True).stdout
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_suffix(".part")
        half.write_bytes(gzip.compress(made, mtime=0))
        os.replace(half, path)
    except (OSError, subprocess.SubprocessError) as error:
        raise ChartBundleError(f"The charts' program could not be made: {error}") from error
