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
            # A thread that looks several times a second would open the file, and say all below, each time.
            "CONN_MAX_AGE": 60,
            "OPTIONS": {
                "timeout": 30,
                "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-64000; "
                # What goes is overwritten: some of it is people's.
                "PRAGMA secure_delete=ON;",
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
    "loopline.reporting",
    "loopline.routing",
    "loopline.people",
    "loopline.campaigns",
    "loopline.leads",
    "loopline.pipeline",
    "loopline.sync",
    "loopline.experiments",
    "loopline.huddles",
    "loopline.privacy",
    "loopline.web",
]

MIDDLEWARE = [
    "loopline.web.middleware.security_headers_middleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "loopline.web.middleware.actor_middleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "loopline.web.middleware.htmx_messages_middleware",
    "loopline.web.middleware.ErrorPagesMiddleware",
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
                "loopline.web.context.frame",
            ],
            "builtins": ["django.templatetags.static", "loopline.web.templatetags.loopline"],
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

# Mail. Without EMAIL_URL none leaves: `loopline.access.mail` keeps what waits and says so.
if CONFIG.mail_server is not None:
    EMAIL_BACKEND = "loopline.access.mail_line.MailLine"
    EMAIL_HOST, EMAIL_PORT = CONFIG.mail_server.host, CONFIG.mail_server.port
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = CONFIG.mail_server.user, CONFIG.mail_server.password
    EMAIL_USE_TLS, EMAIL_USE_SSL = CONFIG.mail_server.uses_starttls, CONFIG.mail_server.uses_tls
    DEFAULT_FROM_EMAIL = CONFIG.mail_server.sender
EMAIL_TIMEOUT = 20
SENDS_MAIL = CONFIG.mail_server is not None

# Security headers. The Content-Security-Policy is made in `loopline.web.middleware`.
_IS_HTTPS = BASE_URL.startswith("https://")
SECURE_HSTS_SECONDS = 31_536_000 if _IS_HTTPS else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _IS_HTTPS
SESSION_COOKIE_NAME = "loopline_session"
SESSION_COOKIE_AGE = 14 * 24 * 3600
CSRF_COOKIE_NAME = "loopline_csrf"
CSRF_FAILURE_VIEW = "loopline.web.views.errors.csrf_failure"

# Static files are served from where they are, at addresses that carry a digest of their content.
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 31_536_000
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "loopline.web.static_files.DigestAddresses"},
}

# Sign-in: by e-mail address, nobody signs up by themselves, a second step or a passkey if the person sets one up.
ACCOUNT_ADAPTER = "loopline.web.sign_in.AccountAdapter"
ACCOUNT_FORMS = {
    "change_password": "loopline.web.forms.account.NewPasswordForm",
    "login": "loopline.web.forms.account.SignInForm",
    "reauthenticate": "loopline.web.forms.account.StillYouForm",
    "set_password": "loopline.web.forms.account.FirstPasswordForm",
}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_RATE_LIMITS = {"login": "30/m/ip", "login_failed": "10/m/ip,5/5m/key"}
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "today"
MFA_ADAPTER = "loopline.web.sign_in.SecondStepAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_TOTP_ISSUER = "Loopline"
MFA_TOTP_TOLERANCE = 1  # a code may change while it is typed, and clocks differ (RFC 6238, 5.2)
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not _IS_HTTPS and CONFIG.is_loopback
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("name", "email")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# What goes wrong is said on standard error, where whoever supervises the process finds it. Never what people typed.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "class": "loopline.lib.log_lines.ShortErrors",
            "format": "%(asctime)s %(levelname)s %(name)s: %(message)s",
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "django": {"handlers": [], "level": "WARNING", "propagate": True},
        # Answers of 400 and 404 are the sender's business.
        "django.request": {"level": "ERROR"},
        "django.security.DisallowedHost": {"level": "CRITICAL"},
    },
}
