"""Every setting, in one file, read from the environment once.

With nothing set, this is a developer's machine: embedded PostgreSQL and Valkey, secrets kept in
the state directory. With ``TOUCHSTONE_ENV=production`` every secret and address must be given.
`config.environment` knows how a variable is read, `config.look` how the console looks.
"""

import os
from datetime import timedelta
from pathlib import Path

from django.urls import reverse_lazy

from config.environment import (
    BASE_DIR,
    PRODUCTION,
    SPACE,
    STATE_DIR,
    database,
    development_secret,
    digit,
    given,
    hosts,
    listed,
    redis_urls,
    required,
    secret,
    whole,
)
from config.look import CONSOLE

DEBUG = os.environ.get("TOUCHSTONE_DEBUG") == "1" and not PRODUCTION

# --- Secrets -------------------------------------------------------------------------------
SECRET_KEY = secret("SECRET_KEY")
# "id:base64(32 bytes)", comma-separated; the first encrypts, all decrypt (rotation).
ENCRYPTION_KEYS = (
    required("TOUCHSTONE_ENCRYPTION_KEYS")
    if PRODUCTION
    else os.environ.get("TOUCHSTONE_ENCRYPTION_KEYS")
    or "1:" + development_secret("TOUCHSTONE_ENCRYPTION_KEYS")
)
LOOKUP_KEY = secret("TOUCHSTONE_LOOKUP_KEY")  # HMAC of identifiers
LINK_KEY = secret("TOUCHSTONE_LINK_KEY")  # HMAC of tracked links
# The file of person keys: shared by all processes, and never in a backup of the database.
PERSON_KEYS = given("TOUCHSTONE_PERSON_KEYS", str(STATE_DIR / "person-keys"))

# --- Application -----------------------------------------------------------------------------
ALLOWED_HOSTS = listed("TOUCHSTONE_HOSTS") or ([] if PRODUCTION else ["*"])
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS if host != "*"]
# How many proxies of our own stand in front: whom a request comes from is what the outermost one
# appended to X-Forwarded-For. With 0 the header is anybody's word, and the socket's address counts.
PROXIES = digit("TOUCHSTONE_PROXIES")
# What the links inside messages start with. `up` and `demo` set it when the port is known.
PUBLIC_URL = given("TOUCHSTONE_PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
# The hosts that links in messages may lead to (and their subdomains); empty allows every host.
LINK_HOSTS = hosts("TOUCHSTONE_LINK_HOSTS")
# Hosts inside the house that webhooks may be sent to; otherwise only public addresses are.
PRIVATE_HOSTS = [host.lower() for host in listed("TOUCHSTONE_PRIVATE_HOSTS")]
UTM_SOURCE = os.environ.get("TOUCHSTONE_UTM_SOURCE", "touchstone")
# The demo replays the past on a clock of its own; a real installation never may.
REPLAY_CLOCK = not PRODUCTION
# How many members' numbers one person may take out of the house without a second one.
EXPORT_ROWS_ALONE = whole("TOUCHSTONE_EXPORT_ROWS", 1_000)
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
    "config.refusals.OneOfTwo",
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
DATABASES = {"default": database()}
REDIS_URL, CELERY_BROKER_URL = redis_urls()

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
    "asked_refreshes": {"task": "segments.refresh_asked", "schedule": timedelta(seconds=10)},
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
    "lists": {"task": "customers.lists", "schedule": timedelta(hours=6)},
}

# --- Language, time, numbers ------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
FORMAT_MODULE_PATH = "config.formats"
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
UPLOAD_BYTES_AT_MOST = whole("TOUCHSTONE_UPLOAD_MB", 300) * 1024 * 1024

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
    "ENUM_NAME_OVERRIDES": {
        "PurposeEnum": ["marketing", "service", "statutory", "education"],
        "PriorityEnum": ["marketing", "service", "statutory", "education", "protective"],
        "TemplatePurposeEnum": ["marketing", "service", "statutory"],
    },
}

# --- Console ----------------------------------------------------------------------------------
UNFOLD = CONSOLE

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
