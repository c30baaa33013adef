"""Django's settings. What an installation may choose comes from the environment (`loopline.lib.config`)."""

import os
import secrets
from pathlib import Path
from urllib.parse import unquote, urlsplit

from loopline.lib.config import read_config
from loopline.lib.sqlite import use_bundled_sqlite

use_bundled_sqlite()

CONFIG = read_config()
_PACKAGE = Path(__file__).resolve().parent.parent


def _secret_key() -> str:
    """SECRET_KEY of the environment, else one made at the first start and kept readable for the owner only."""
    given = os.environ.get("SECRET_KEY")
    if given:
        return given
    path = CONFIG.data / "secret_key"
    if not path.exists():
        CONFIG.data.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(64))
    return path.read_text()


def _database() -> dict[str, object]:
    if not CONFIG.database_url:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(CONFIG.data / "records.sqlite"),
            "OPTIONS": {
                "timeout": 30,
                "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-64000;",
            },
        }
    parts = urlsplit(CONFIG.database_url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
    }


SECRET_KEY = _secret_key()
DEBUG = False
BASE_URL = CONFIG.base_url
ALLOWED_HOSTS = [urlsplit(CONFIG.base_url).hostname or "localhost", "localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = [CONFIG.base_url]
ROOT_URLCONF = "loopline.web.urls"
ASGI_APPLICATION = "loopline.web.asgi.application"
AUTH_USER_MODEL = "access.User"
DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_htmx",
    "template_partials",
    "loopline.access",
    "loopline.facts",
    "loopline.people",
    "loopline.campaigns",
    "loopline.leads",
    "loopline.pipeline",
    "loopline.sync",
    "loopline.huddles",
    "loopline.web",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [_PACKAGE / "web" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
STATIC_URL = "/static/"
LANGUAGE_CODE = "en-gb"
USE_I18N = False
TIME_ZONE = "UTC"
USE_TZ = True
