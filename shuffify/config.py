"""The only reader of the environment: every setting, checked at start, all mistakes at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
import os
from pathlib import Path
import re

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from shuffify import addresses, keys
from shuffify.environment import Environment, listing, split
from shuffify.errors import ConfigurationError

ACCOUNTS_URL = "https://accounts.spotify.com"
API_URL = "https://api.spotify.com"
CONFIG_NAMES = ("development", "production", "testing")
SCHEDULERS = ("embedded", "external", "off")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
LOG_FORMATS = ("text", "json")
PUBLISHED_KEYS = frozenset({"change-me-to-32-or-more-random-characters"})
"""Examples from our documentation, which production refuses as SECRET_KEY."""

_GENERATE = "set what `shuffify keys generate` prints"
_REAL_CREDENTIAL = re.compile(r"[0-9a-fA-F]{32}")


@dataclass(frozen=True)
class Settings:
    """Everything that the operator chose; it never changes while the app runs."""

    name: str
    secret_key: str = field(repr=False)
    database_url: str = field(repr=False)
    spotify_client_id: str | None
    spotify_client_secret: str | None = field(repr=False)
    spotify_redirect_uri: str
    spotify_accounts_url: str
    spotify_api_url: str
    token_keys: tuple[str, ...] = field(repr=False)
    scheduler: str
    ratelimit_storage_uri: str = field(repr=False)
    trusted_proxies: int
    allowed_spotify_ids: frozenset[str]
    public_url: str
    log_level: str
    log_format: str
    audit_spool: str
    audit_bulk_limit: int
    audit_client_info: bool
    metrics_token: str | None = field(repr=False)
    metrics_folder: str | None
    audit_seal_keys: tuple[str, ...] = field(repr=False)

    @property
    def is_production(self) -> bool:
        """Whether real people depend on this process."""
        return self.name == "production"

    @property
    def is_sandbox(self) -> bool:
        """Whether another server than Spotify's answers our calls."""
        return self.spotify_api_url != API_URL


def load(
    config_name: str | None, instance: Path, variables: Mapping[str, str] | None = None
) -> Settings:
    """Read and check every variable; raises ConfigurationError with all mistakes."""
    environment = Environment(os.environ if variables is None else variables)
    name = config_name or environment.choice("APP_CONFIG", CONFIG_NAMES[0], CONFIG_NAMES)
    if name not in CONFIG_NAMES:
        environment.wrong("APP_CONFIG", f"is {name!r}", f"use {listing(CONFIG_NAMES)}")
    settings = _Rules(name, instance, environment).settings()
    if environment.mistakes:
        raise ConfigurationError(environment.mistakes)
    return settings


class _Rules:
    """What each variable must be, for one configuration."""

    def __init__(self, name: str, instance: Path, environment: Environment) -> None:
        self.name = name
        self.instance = instance
        self.env = environment
        self.production = name == "production"

    def settings(self) -> Settings:
        env = self.env
        public_url = self.public_url()
        database_url = self.database_url()
        settings = Settings(
            name=self.name,
            secret_key=self.secret_key(),
            database_url=database_url,
            spotify_client_id=self.credential("SPOTIFY_CLIENT_ID", env.text),
            spotify_client_secret=self.credential("SPOTIFY_CLIENT_SECRET", env.secret),
            spotify_redirect_uri=self.redirect_uri(public_url),
            spotify_accounts_url=self.host("SPOTIFY_ACCOUNTS_URL", ACCOUNTS_URL),
            spotify_api_url=self.host("SPOTIFY_API_URL", API_URL),
            token_keys=self.token_keys(),
            scheduler=self.scheduler(database_url),
            ratelimit_storage_uri=self.storage_uri(),
            trusted_proxies=env.number("TRUSTED_PROXIES", 0, 0, 10),
            allowed_spotify_ids=frozenset(env.items("ALLOWED_SPOTIFY_IDS")),
            public_url=public_url,
            log_level=env.choice("LOG_LEVEL", "INFO", LOG_LEVELS),
            log_format=env.choice("LOG_FORMAT", "text", LOG_FORMATS),
            audit_spool=env.text("AUDIT_SPOOL") or self.own_spool(),
            audit_bulk_limit=env.number("AUDIT_BULK_LIMIT", 500, 1, 100_000),
            audit_client_info=env.switch("AUDIT_CLIENT_INFO"),
            metrics_token=self.metrics_token(),
            # Not ours: prometheus-client reads it, and makes files there, when it is imported.
            metrics_folder=env.text("PROMETHEUS_MULTIPROC_DIR"),
            audit_seal_keys=self.seal_keys(),
        )
        self.check_sandbox(settings)
        return settings

    def secret_key(self) -> str:
        value = self.env.secret("SECRET_KEY")
        if not self.production:
            return value or self.own_key("secret_key", keys.new_secret_key)
        if value in PUBLISHED_KEYS:
            self.env.wrong("SECRET_KEY", "is a published example", _GENERATE)
        elif value is not None and len(value) < 32:
            self.env.wrong("SECRET_KEY", f"has {len(value)} characters of 32", _GENERATE)
        return value or self.missing("SECRET_KEY", _GENERATE)

    def metrics_token(self) -> str | None:
        value = self.env.secret("METRICS_TOKEN")
        if value is not None and len(value) < 16:
            self.env.wrong("METRICS_TOKEN", f"has {len(value)} characters of 16",
                           "use a longer one, or unset it")
        return value

    def token_keys(self) -> tuple[str, ...]:
        value = self.env.secret("TOKEN_KEYS")
        if value is None and not self.production:
            value = self.own_key("token_keys", keys.new_token_key)
        given = split(value)
        for number, key in enumerate(given, start=1):
            if not keys.is_token_key(key):
                self.env.wrong("TOKEN_KEYS", f"number {number} is no Fernet key", _GENERATE)
        if not given and self.production:
            self.missing("TOKEN_KEYS", _GENERATE)
        return tuple(given)

    def seal_keys(self) -> tuple[str, ...]:
        given = split(self.env.secret("AUDIT_SEAL_KEY"))
        for number, key in enumerate(given, start=1):
            if self.production and len(key) < 32:
                problem = f"number {number} has {len(key)} characters of 32"
                self.env.wrong("AUDIT_SEAL_KEY", problem, "use random ones, and more of them")
        return tuple(given)

    def missing(self, variable: str, remedy: str) -> str:
        # A file that cannot be read is a mistake of its own and already noted.
        if not self.env.has(variable):
            self.env.wrong(variable, "is missing", remedy)
        return ""

    def own_key(self, file_name: str, make: Callable[[], str]) -> str:
        if self.name != "development":
            return keys.of_process(make)
        try:
            return keys.kept(self.instance / file_name, make)
        except OSError as error:
            problem = f"none is set, and {self.instance} cannot keep one ({error.strerror})"
            self.env.wrong(file_name.upper(), problem, _GENERATE)
            return ""

    def credential(self, variable: str, read: Callable[[str], str | None]) -> str | None:
        value = read(variable)
        if value is None and self.production:
            self.missing(variable, "copy it from your app at developer.spotify.com")
        return value

    def database_url(self) -> str:
        value = self.env.secret("DATABASE_URL")
        if value is None:
            return "sqlite://" if self.name == "testing" else self.own_database()
        try:
            url = make_url(value)
        except ArgumentError:
            self.env.wrong("DATABASE_URL", "is no database address", "see the documentation")
            return ""
        if url.drivername in ("postgres", "postgresql", "postgresql+psycopg"):
            url = url.set(drivername="postgresql+psycopg")
        elif url.drivername not in ("sqlite", "sqlite+pysqlite"):
            remedy = "use postgresql:// or sqlite:///"
            self.env.wrong("DATABASE_URL", f"is for {url.drivername}", remedy)
        return url.render_as_string(hide_password=False)

    def own_database(self) -> str:
        try:
            self.instance.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            problem = f"none is set, and {self.instance} cannot be made ({error.strerror})"
            self.env.wrong("DATABASE_URL", problem, "set it")
        return f"sqlite:///{self.instance / 'shuffify.sqlite'}"

    def own_spool(self) -> str:
        # What a test's database refused must never be replayed into a developer's trail.
        name = "audit-spool-testing.jsonl" if self.name == "testing" else "audit-spool.jsonl"
        return str(self.instance / name)

    def scheduler(self, database_url: str) -> str:
        default = "off" if self.name == "testing" else "embedded"
        value = self.env.choice("SCHEDULER", default, SCHEDULERS)
        if value == "external" and not database_url.startswith("postgresql"):
            self.env.wrong("SCHEDULER", "external needs PostgreSQL", "set DATABASE_URL to one")
        return value

    def storage_uri(self) -> str:
        value = self.env.text("RATELIMIT_STORAGE_URI") or "memory://"
        if not re.match(r"[a-z][a-z0-9+]*://", value):
            remedy = "use memory:// or redis://host:port"
            self.env.wrong("RATELIMIT_STORAGE_URI", "is no address of a store", remedy)
        return value

    def public_url(self) -> str:
        value = self.env.text("PUBLIC_URL")
        if value is None and self.production:
            self.missing("PUBLIC_URL", "set the address that browsers use, such as https://host")
        value = (value or "http://127.0.0.1:8000").rstrip("/")
        url = addresses.parse(value)
        if url is None or url.path or url.query or url.fragment:
            self.env.wrong("PUBLIC_URL", f"is {value!r}", "use https://host or https://host:port")
        elif self.production and url.scheme != "https" and not addresses.is_loopback(url.hostname):
            self.env.wrong("PUBLIC_URL", "is not https", "put a proxy with a certificate before")
        return value

    def redirect_uri(self, public_url: str) -> str:
        given = self.env.text("SPOTIFY_REDIRECT_URI")
        value = given or f"{public_url}/callback"
        # Without one of its own, what is wrong with it is wrong with PUBLIC_URL.
        variable = "SPOTIFY_REDIRECT_URI" if given else "PUBLIC_URL"
        url, public = addresses.parse(value), addresses.parse(public_url)
        if url is None:
            if given:
                self.env.wrong(variable, f"is {value!r}", f"use {public_url}/callback")
        elif url.hostname == "localhost":
            self.env.wrong(variable, "names localhost, which Spotify refuses", "use 127.0.0.1")
        elif url.scheme != "https" and not addresses.is_loopback(url.hostname):
            remedy = "Spotify takes http on 127.0.0.1 and [::1] alone, else use https"
            self.env.wrong(variable, f"is {value!r}", remedy)
        elif public is not None and not addresses.is_path_of(public, "/callback", url):
            self.env.wrong(variable, f"is {value!r}", f"use {public_url}/callback")
        return value

    def host(self, variable: str, default: str) -> str:
        value = (self.env.text(variable) or default).rstrip("/")
        if addresses.parse(value) is None:
            self.env.wrong(variable, f"is {value!r}", f"leave it out to use {default}")
        return value

    def check_sandbox(self, settings: Settings) -> None:
        real = (settings.spotify_accounts_url == ACCOUNTS_URL, not settings.is_sandbox)
        if real[0] != real[1]:
            remedy = "set both, or none for Spotify itself"
            self.env.wrong("SPOTIFY_ACCOUNTS_URL, SPOTIFY_API_URL", "only one is real", remedy)
        if all(real):
            return
        for variable, value in (
            ("SPOTIFY_CLIENT_ID", settings.spotify_client_id),
            ("SPOTIFY_CLIENT_SECRET", settings.spotify_client_secret),
        ):
            if value and _REAL_CREDENTIAL.fullmatch(value):
                remedy = "a sandbox must not see it: leave it out"
                self.env.wrong(variable, "looks like a real credential", remedy)
