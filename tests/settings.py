"""Django's settings under test: the real ones, with all state in a folder of this run that is removed at its end."""

import atexit
import os
import shutil
import tempfile

from tests.temporary import keep_files_in_memory

keep_files_in_memory()
_folder = tempfile.mkdtemp(prefix="loopline-tests-")
atexit.register(shutil.rmtree, _folder, ignore_errors=True)
os.environ["LOOPLINE_DATA"] = _folder
for _name in ("LOOPLINE_DEMO", "EVENTS_URL", "BASE_URL", "LOOPLINE_BIND", "SECRET_KEY", "EMAIL_URL"):
    os.environ.pop(_name, None)

from loopline.web.settings import *  # noqa: E402, F403 - the environment has to be set first
from loopline.web.settings import CONFIG, DATABASES, MIDDLEWARE  # noqa: E402

if not CONFIG.database_url:
    # A file, not memory: browser tests read it from the threads of a real server.
    DATABASES["default"]["TEST"] = {"NAME": str(CONFIG.data / "records-of-tests.sqlite")}

PASSWORD_HASHERS = ["tests.quick_hasher.QuickArgon2"]
MIDDLEWARE[MIDDLEWARE.index("whitenoise.middleware.WhiteNoiseMiddleware")] = "tests.static_files.FoundOnce"
