"""Django's settings, derived from portal.config; the only place besides urls, celery and asgi that names rooms."""

from __future__ import annotations

from typing import Any

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from portal.config import ROOT, stack
from portal.logs import logging_config

STACK = stack()

BASE_DIR = ROOT
SECRET_KEY = STACK.secret_or_blank("secret_key") or "only-for-checks-of-a-stack-never-started"
DEBUG = STACK.debug
ALLOWED_HOSTS = ["*"]  # HostMiddleware decides; the site address is never taken from Host
# Names of the portal itself; an IP address in place of a name is answered too.
SITE_HOSTS = STACK.site_hosts
# First label of a host → the address map served there, below any hosted domain.
HOST_URLCONFS = dict.fromkeys(
    ("autoconfig", "autodiscover", "mta-sts", "ua-auto-config"), "domains.client_urls"
)

INSTALLED_APPS = [
    "portal",
    "accounts",
    "domains",
    "delivery",
    "webmail",
    "mailserver",
    "demo",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_htmx",
    "csp",
    "allauth",
    "allauth.account",
]

MIDDLEWARE = [
    "portal.middleware.RequestContextMiddleware",
    "portal.middleware.HostMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.PersonMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.middleware.ErrorMiddleware",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.context.frame",
                "accounts.context.person",
            ],
            "builtins": [
                "portal.templatetags.ui",
                "django.templatetags.i18n",
                "django.templatetags.static",
            ],
        },
    }
]

DATABASES = {
    "default": STACK.database
    | {
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,  # a restarted database costs nobody an error page
        "OPTIONS": {
            "connect_timeout": 2,
            "pool": {"min_size": 0, "max_size": 12, "timeout": 1.5, "max_idle": 60},
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": {
        "BACKEND": "portal.cache.ForgivingRedisCache",
        "LOCATION": f"{STACK.redis}?db=0",
        "TIMEOUT": 300,
        "OPTIONS": {"socket_connect_timeout": 0.5, "socket_timeout": 1},
    }
}

# ---- people and sign-in
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.LoginNameBackend"]
PASSWORD_HASHERS = [
    "accounts.hashers.Argon2idHasher",
    # hashes that came along from other servers; a sign-in on the web turns them into Argon2id
    "accounts.hashers.Sha512CryptHasher",
    "accounts.hashers.BcryptHasher",
    "accounts.hashers.SshaHasher",
    "accounts.hashers.Ssha256Hasher",
    "accounts.hashers.Ssha512Hasher",
    "accounts.hashers.Pbkdf2Hasher",
]
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {"NAME": "accounts.validators.PrintableValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "accounts.validators.DisguiseValidator"},
    {"NAME": "accounts.validators.VarietyValidator"},
]
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_RATE_LIMITS = {
    "login": "60/m/ip",
    "login_failed": None,  # accounts.attempts: one budget for the web and the mail protocols
    "reauthenticate": "10/m/user",
    "reset_password": "10/15m/ip,3/15m/key",
}
ALLAUTH_TRUSTED_PROXY_COUNT = 1
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_NAME = f"hopthu_session_{STACK.port}"
DEVICE_COOKIE_NAME = f"hopthu_device_{STACK.port}"
SESSION_COOKIE_AGE = STACK.session_days * 86400
SESSION_COOKIE_SECURE = STACK.url.startswith("https:")
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = f"hopthu_csrf_{STACK.port}"
CSRF_COOKIE_SECURE = SESSION_COOKIE_SECURE
CSRF_COOKIE_HTTPONLY = False
CSRF_FAILURE_VIEW = "portal.views.csrf_failure"
CSRF_TRUSTED_ORIGINS = [STACK.url]
LANGUAGE_COOKIE_NAME = f"hopthu_language_{STACK.port}"
THEME_COOKIE_NAME = f"hopthu_theme_{STACK.port}"
MESSAGES_COOKIE_NAME = f"hopthu_messages_{STACK.port}"
MESSAGE_STORAGE = "portal.toasts.ToastStorage"

# ---- words, times
LANGUAGE_CODE = "en"
LANGUAGES = [("vi", "Tiếng Việt"), ("en", "English")]
LOCALE_PATHS = [ROOT / "locale"]
USE_I18N = True
NUMBER_GROUPING = 3  # Django's Vietnamese formats name the point, not after how many digits
USE_TZ = True
TIME_ZONE = "UTC"
DISPLAY_TIME_ZONE = STACK.timezone

# ---- static files
STATIC_URL = "/static/"
STATICFILES_DIRS = [ROOT / "static"]
STATIC_ROOT = STACK.data / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "portal.static.HashedStorage"},
}
WHITENOISE_AUTOREFRESH = False

# ---- security
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "media-src": [SELF],
        "connect-src": [SELF],
        "frame-src": [SELF],
        "font-src": [SELF],
        "manifest-src": [SELF],
        "worker-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 12_000
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

# ---- mail of the system, tasks
EMAIL_BACKEND = "delivery.email_backend.OutboxBackend"
DEFAULT_FROM_EMAIL = f"{STACK.brand} <no-reply@{STACK.operator_domain}>"
SERVER_EMAIL = DEFAULT_FROM_EMAIL
MAIL_TOKEN_ISSUER = "hopthu"

# Dotted names `(tenant, actor) -> portal.attention.Overview`, one per room, of the dashboard.
OVERVIEW = [
    "accounts.attention.overview",
    "domains.attention.overview",
    "delivery.attention.overview",
]

# Dotted names `(tenant, actor) -> meters` (portal.attention.PlanMeter) beside a tenant's plan.
PLAN_METERS = ["domains.attention.plan_meters", "delivery.attention.plan_meters"]

# The portal's side column: title, then (page, icon, words, URL name, action it needs).
# An entry whose URL does not exist in this installation is left out.
PORTAL_SIDE = [
    (
        "",
        [
            ("dashboard", "chart", _("Overview"), "accounts:dashboard", "tenant.view"),
            ("trace", "trace", _("Message trace"), "delivery:trace-list", "trace.view"),
            ("outgoing", "send", _("Outgoing mail"), "delivery:outgoing-list", "trace.view"),
        ],
    ),
    (
        _("Customers"),
        [
            ("tenants", "building", _("Tenants"), "accounts:tenant-list", "tenant.view"),
            ("plans", "box", _("Plans and limits"), "accounts:plan-list", "plan.view"),
        ],
    ),
    (
        _("Domains and mailboxes"),
        [
            ("domains", "globe", _("Domains"), "domains:domain-list", "domain.view"),
            ("mailboxes", "inbox", _("Mailboxes"), "domains:mailbox-list", "mailbox.view"),
            ("aliases", "at", _("Aliases"), "domains:alias-list", "alias.view"),
            ("groups", "users", _("Groups"), "domains:group-list", "group.view"),
            ("forwarders", "forward", _("Forwarders"), "domains:forwarder-list", "forwarder.view"),
            ("jobs", "task", _("Jobs"), "domains:job-list", "mailbox.view"),
        ],
    ),
    (
        _("Safety"),
        [
            ("people", "key", _("People and roles"), "accounts:people", "people.view"),
            ("audit", "history", _("Audit log"), "accounts:audit", "audit.view"),
            ("settings", "settings", _("Settings"), "accounts:tenant-settings", "tenant.settings"),
        ],
    ),
    (
        _("Machines"),
        [
            ("health", "bolt", _("Health"), "mailserver:health", "health.view"),
            ("senders", "send", _("Sending addresses"), "domains:sender-list", "health.view"),
            ("queue", "upload", _("Mail queue"), "mailserver:queue", "queue.view"),
        ],
    ),
]
# Buttons of the overview: (words, icon, URL name, action); the last one shown is the main one.
OVERVIEW_STEPS = [
    (_("New tenant"), "plus", "accounts:tenant-create", "tenant.create"),
    (_("Add a domain"), "globe", "domains:domain-create", "domain.create"),
    (_("Add a mailbox"), "plus", "domains:mailbox-create", "mailbox.create"),
]
# The rail: (app, icon, words, URL name); for people who own a mailbox.
RAIL = [
    ("mail", "mail", _("Mail"), "webmail:home"),
    ("contacts", "contacts", _("Contacts"), "webmail:contacts"),
]

LOGGING = logging_config()
LOGGING_CONFIG = "logging.config.dictConfig"
TEST_RUNNER = "django.test.runner.DiscoverRunner"
SILENCED_SYSTEM_CHECKS: list[str] = []
