"""Every setting, in one file, read from the environment once.

With nothing set, this is a developer's machine: embedded PostgreSQL and Valkey, secrets kept in
the state directory. With ``TOUCHSTONE_ENV=production`` every secret and address must be given;
what is missing is named in one sentence.
"""

import base64
import fcntl
import json
import os
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from config import embedded

BASE_DIR = Path(__file__).resolve().parent.parent
STATE_DIR = BASE_DIR / os.environ.get("TOUCHSTONE_STATE", ".local")
PRODUCTION = os.environ.get("TOUCHSTONE_ENV", "development") == "production"
# A named space on the same servers has a database and doorbells of its own: the demo uses one.
SPACE = os.environ.get("TOUCHSTONE_SPACE", "")
DEBUG = os.environ.get("TOUCHSTONE_DEBUG") == "1" and not PRODUCTION
# Static checks (mypy, makemigrations --check, check --deploy) need settings but no server.
NO_SERVERS = os.environ.get("TOUCHSTONE_NO_SERVERS") == "1"


def _whole(name: str, default: int) -> int:
    value = os.environ.get(name, "") or str(default)
    if not (value.isascii() and value.isdigit()):
        raise ImproperlyConfigured(f"Set the environment variable {name} to a whole number.")
    return int(value)


def _required(name: str) -> str:
    """The variable's value; in production its absence is an error that names it."""
    value = os.environ.get(name, "")
    if not value:
        raise ImproperlyConfigured(f"Set the environment variable {name}: production needs it.")
    return value


def _development_secret(name: str) -> str:
    """A secret made once for this checkout and kept, readable by its owner only."""
    STATE_DIR.mkdir(parents=True, exist_ok=True)
    path = STATE_DIR / "secrets.json"
    with (STATE_DIR / "secrets.lock").open("w") as lock:
        # Two first processes at once must not each make one.
        fcntl.flock(lock, fcntl.LOCK_EX)
        known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        if name not in known:
            known[name] = base64.b64encode(secrets.token_bytes(32)).decode()
            fresh = path.with_suffix(".new")
            fresh.touch(mode=0o600)
            fresh.write_text(json.dumps(known))
            fresh.replace(path)
    return known[name]


def _secret(name: str) -> str:
    if PRODUCTION:
        return _required(name)
    return os.environ.get(name) or _development_secret(name)


def _digit(name: str, value: str) -> int:
    """A variable that is a whole number from 0 to 9."""
    if len(value) != 1 or value not in "0123456789":
        raise ImproperlyConfigured(f"{name} must be a whole number from 0 to 9.")
    return int(value)


# --- Secrets -------------------------------------------------------------------------------
SECRET_KEY = _secret("SECRET_KEY")
# "id:base64(32 bytes)", comma-separated; the first encrypts, all decrypt (rotation).
ENCRYPTION_KEYS = (
    _required("TOUCHSTONE_ENCRYPTION_KEYS")
    if PRODUCTION
    else os.environ.get("TOUCHSTONE_ENCRYPTION_KEYS")
    or "1:" + _development_secret("TOUCHSTONE_ENCRYPTION_KEYS")
)
LOOKUP_KEY = _secret("TOUCHSTONE_LOOKUP_KEY")  # HMAC of identifiers
LINK_KEY = _secret("TOUCHSTONE_LINK_KEY")  # HMAC of tracked links
# The file of person keys: shared by all processes, and never in a backup of the database.
PERSON_KEYS = (
    _required("TOUCHSTONE_PERSON_KEYS")
    if PRODUCTION
    else os.environ.get("TOUCHSTONE_PERSON_KEYS") or str(STATE_DIR / "person-keys")
)

# --- Application -----------------------------------------------------------------------------
ALLOWED_HOSTS = [host for host in os.environ.get("TOUCHSTONE_HOSTS", "").split(",") if host] or (
    [] if PRODUCTION else ["*"]
)
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS if host != "*"]
# How many proxies of our own stand in front: whom a request comes from is what the outermost one
# appended to X-Forwarded-For. With 0 the header is anybody's word, and the socket's address counts.
PROXIES = _digit("TOUCHSTONE_PROXIES", os.environ.get("TOUCHSTONE_PROXIES") or "0")
# What the links inside messages start with. `up` and `demo` set it when the port is known.
PUBLIC_URL = (
    _required("TOUCHSTONE_PUBLIC_URL")
    if PRODUCTION
    else os.environ.get("TOUCHSTONE_PUBLIC_URL", "http://127.0.0.1:8000")
).rstrip("/")
# The hosts that links in messages may lead to (and their subdomains); empty allows every host.
LINK_HOSTS = [host for host in os.environ.get("TOUCHSTONE_LINK_HOSTS", "").split(",") if host]
# Hosts inside the house that webhooks may be sent to; otherwise only public addresses are.
PRIVATE_HOSTS = [
    host.lower() for host in os.environ.get("TOUCHSTONE_PRIVATE_HOSTS", "").split(",") if host
]
UTM_SOURCE = os.environ.get("TOUCHSTONE_UTM_SOURCE", "touchstone")
# The demo replays the past on a clock of its own; a real installation never may.
REPLAY_CLOCK = not PRODUCTION
# How many members' numbers one person may take out of the house without a second one.
EXPORT_ROWS_ALONE = _whole("TOUCHSTONE_EXPORT_ROWS", 1_000)
CURRENCY = os.environ.get("TOUCHSTONE_CURRENCY", "CNY")

INSTALLED_APPS = [
    "unfold",
    # Without autodiscovery: only the web process, through its URLs, needs the console's pages.
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "compliance",
    "customers",
    "segments",
    "campaigns",
    "attribution",
    "config",
]
MIDDLEWARE = [
    "config.logs.request_id",
    "config.browser_policy.browser_policy",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "compliance.reader.reader_time_zone",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
AUTH_USER_MODEL = "compliance.User"
AUTHENTICATION_BACKENDS = ["compliance.sign_in.CountingBackend"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LOGIN_URL = reverse_lazy("admin:login")
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]


# --- PostgreSQL and Valkey ------------------------------------------------------------------
# A process that is stopped in the middle of a transaction keeps its rows locked, which others then
# skip for ever. No transaction of ours thinks this long between two statements. The URL's own
# `options` take its place.
IDLE_IN_TRANSACTION = "-c idle_in_transaction_session_timeout=60s"


def _database(url: str) -> dict[str, Any]:
    """Django's settings for a ``postgresql://`` URL; the host may be a socket directory."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"}:
        raise ImproperlyConfigured(
            "DATABASE_URL must start with postgresql:// ; PostgreSQL is the only database."
        )
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    host = query.pop("host", None) or unquote(parts.hostname or "")
    user = query.pop("user", None) or unquote(parts.username or "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "_".join(filter(None, (unquote(parts.path.lstrip("/")) or "touchstone", SPACE))),
        "USER": user,
        "PASSWORD": unquote(parts.password or "") or query.pop("password", ""),
        "HOST": host,
        "PORT": query.pop("port", None) or (parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": 5, "options": IDLE_IN_TRANSACTION, **query},
    }


def _database_url() -> str:
    if url := os.environ.get("DATABASE_URL"):
        return url
    if PRODUCTION:
        return _required("DATABASE_URL")
    return "postgresql:///touchstone" if NO_SERVERS else embedded.database_url()


def _redis_urls() -> tuple[str, str]:
    """The URL for redis-py and the one for Celery."""
    if url := os.environ.get("REDIS_URL"):
        if urlsplit(url).scheme not in {"redis", "rediss", "unix"}:
            raise ImproperlyConfigured("REDIS_URL must start with redis://, rediss:// or unix://.")
        broker = "redis+socket://" + url.removeprefix("unix://") if url.startswith("unix:") else url
        return url, broker.replace("?db=", "?virtual_host=")
    if PRODUCTION:
        _required("REDIS_URL")
    if NO_SERVERS:
        return "redis://", "redis://"
    return embedded.redis_url(), embedded.broker_url()


DATABASES = {"default": _database(_database_url())}
REDIS_URL, CELERY_BROKER_URL = _redis_urls()

# --- Work in the background -------------------------------------------------------------------
# Ticks only ring doorbells: what is due stands in PostgreSQL, so a lost or doubled tick costs
# time and nothing else.
CELERY_BEAT_SCHEDULE = {
    "enrol": {"task": "campaigns.enrol", "schedule": timedelta(seconds=5)},
    "advance": {"task": "campaigns.advance", "schedule": timedelta(seconds=2)},
    "dispatch": {"task": "campaigns.dispatch", "schedule": timedelta(seconds=2)},
    "fail_over": {"task": "campaigns.fail_over", "schedule": timedelta(seconds=5)},
    "calls": {"task": "campaigns.calls", "schedule": timedelta(seconds=5)},
    "listen": {"task": "campaigns.listen", "schedule": timedelta(seconds=15)},
    "segments": {"task": "segments.refresh", "schedule": timedelta(seconds=30)},
    "tag_values": {"task": "segments.tag_values", "schedule": timedelta(seconds=8)},
    "retired_tags": {"task": "segments.end_retired_tags", "schedule": timedelta(minutes=1)},
    "lifecycle": {"task": "segments.lifecycle", "schedule": timedelta(minutes=10)},
    "lookalike": {"task": "segments.lookalike", "schedule": timedelta(seconds=30)},
    "value": {"task": "segments.value", "schedule": timedelta(minutes=10)},
    "follow": {"task": "segments.follow", "schedule": timedelta(seconds=0.5)},
    "collect": {"task": "attribution.collect", "schedule": timedelta(seconds=5)},
    "forget": {"task": "campaigns.forget", "schedule": timedelta(hours=1)},
    "merge": {"task": "customers.merge", "schedule": timedelta(seconds=10)},
    "erase": {"task": "customers.erase", "schedule": timedelta(hours=1)},
    "forget_erased": {"task": "campaigns.forget_erased", "schedule": timedelta(seconds=60)},
    "follow_stages": {"task": "campaigns.follow_stages", "schedule": timedelta(seconds=60)},
    "follow_merges": {"task": "campaigns.follow_merges", "schedule": timedelta(seconds=5)},
    "partitions": {"task": "customers.partitions", "schedule": timedelta(hours=6)},
    "watch_flows": {"task": "customers.watch_flows", "schedule": timedelta(minutes=10)},
    "quarantine": {"task": "customers.quarantine", "schedule": timedelta(seconds=10)},
    "uploads": {"task": "customers.uploads", "schedule": timedelta(seconds=10)},
}

# --- Language, time, numbers ------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
USE_THOUSAND_SEPARATOR = True
# The institution's zone: calendar words in rules, the console's times.
TIME_ZONE = os.environ.get("TOUCHSTONE_TIME_ZONE", "Asia/Shanghai")

# --- Files ------------------------------------------------------------------------------------
STATIC_URL = "/static/"
# Collected for production only: in development the sources themselves are served.
STATIC_ROOT = STATE_DIR / "static" if PRODUCTION else None
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = not PRODUCTION
if PRODUCTION:
    STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }
# A space has files of its own, too: its rows count from one again.
MEDIA_ROOT = Path(os.environ.get("TOUCHSTONE_FILES", STATE_DIR / "files")) / SPACE
# What analytics engines read, and the engine that reads it.
ANALYTICS_ARCHIVE = Path(os.environ.get("ANALYTICS_ARCHIVE", STATE_DIR / "archive")) / SPACE
ANALYTICS_URL = os.environ.get("ANALYTICS_URL", "duckdb://")
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
# A file that a person brings by the console; a million customers are some 70 MB.
UPLOAD_BYTES_AT_MOST = int(os.environ.get("TOUCHSTONE_UPLOAD_MB", "300")) * 1024 * 1024

# --- Security ---------------------------------------------------------------------------------
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SECURE_SSL_REDIRECT = PRODUCTION
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PRODUCTION else None
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PRODUCTION
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "config.refusals.foreign_form"

# --- HTTP API ---------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_PARSER_CLASSES": ["customers.api.body.StrictJSON"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "UNAUTHENTICATED_USER": None,
    "EXCEPTION_HANDLER": "customers.api.problems.answer",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Touchstone",
    "DESCRIPTION": "Campaign orchestration for financial institutions",
    "VERSION": "0.1.0",
    "OAS_VERSION": "3.1.0",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SERVE_INCLUDE_SCHEMA": False,
}

# --- Console ----------------------------------------------------------------------------------
UNFOLD = {
    "SITE_TITLE": "Touchstone",
    "SITE_HEADER": "Touchstone",
    "SITE_SUBHEADER": _("Campaign orchestration"),
    "SITE_SYMBOL": "target",
    "SITE_URL": reverse_lazy("admin:index"),
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": lambda _request: static("console/mark.svg"),
        },
    ],
    "LOGIN": {"form": "compliance.sign_in.SignInForm"},
    "SHOW_LANGUAGES": True,
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "STYLES": [lambda _request: static("console/console.css")],
    "SCRIPTS": [lambda _request: static("console/console.js")],
    "GLOBAL_CALLBACK": "campaigns.pages.operations.banner",
    "DASHBOARD_CALLBACK": "config.dashboard.overview",
    "SIDEBAR": {"navigation": "config.navigation.sidebar"},
    "COLORS": {
        "primary": {
            "50": "oklch(98.4% .014 180.7)",
            "100": "oklch(95.3% .051 180.8)",
            "200": "oklch(91% .096 180.4)",
            "300": "oklch(85.5% .138 181.1)",
            "400": "oklch(77.7% .152 181.9)",
            "500": "oklch(60% .118 184.7)",
            "600": "oklch(51.1% .096 186.4)",
            "700": "oklch(43.7% .078 188.2)",
            "800": "oklch(38.6% .063 188.4)",
            "900": "oklch(27.7% .046 192.5)",
            "950": "oklch(20% .04 192)",
        },
    },
}

_LOG_LEVEL = os.environ.get("TOUCHSTONE_LOG_LEVEL", "WARNING")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {"()": "config.logs.JsonLines"},
        "text": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"},
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            # "text" is for a developer's eyes: it masks nothing.
            "formatter": "text" if os.environ.get("TOUCHSTONE_LOG") == "text" else "json",
        }
    },
    "root": {"handlers": ["stderr"], "level": _LOG_LEVEL},
    # The anchors of the audit chain, for whoever keeps the log (decision 11); a space that is made
    # anew with each run has none worth keeping.
    "loggers": {
        "compliance.audit": {"level": "WARNING" if SPACE else "INFO"},
        # Workers run at INFO, and would tell of every tick: 100 MB a day of nothing. What fails is
        # told all the same.
        "celery.app.trace": {"level": _LOG_LEVEL},
        "celery.worker.strategy": {"level": _LOG_LEVEL},
    },
}
