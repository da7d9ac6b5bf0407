"""The environment: what each variable must be, and what is said about mistakes."""

from pathlib import Path
import stat
import threading

from cryptography.fernet import Fernet
import pytest

from shuffify import config
from shuffify.config import Settings
from shuffify.errors import ConfigurationError

FERNET_KEY = Fernet.generate_key().decode("ascii")
REAL_CREDENTIAL = "0123456789abcdef0123456789ABCDEF"
SANDBOX = {
    "SPOTIFY_ACCOUNTS_URL": "http://127.0.0.1:9001",
    "SPOTIFY_API_URL": "http://127.0.0.1:9001/",
}
PRODUCTION = {
    "SECRET_KEY": "k" * 32,
    "TOKEN_KEYS": FERNET_KEY,
    "DATABASE_URL": "postgresql://shuffify:geheim@db/shuffify",
    "SPOTIFY_CLIENT_ID": "client",
    "SPOTIFY_CLIENT_SECRET": "hidden",
    "PUBLIC_URL": "https://shuffify.example",
}


def load(tmp_path: Path, name: str = "testing", **variables: str) -> Settings:
    return config.load(name, tmp_path / "instance", variables)


def mistakes(tmp_path: Path, name: str = "testing", **variables: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, name, **variables)
    return list(caught.value.mistakes)


def test_production_starts_with_what_it_requires_and_good_defaults(tmp_path: Path) -> None:
    settings = load(tmp_path, "production", **PRODUCTION)
    assert settings.is_production
    assert settings.database_url == "postgresql+psycopg://shuffify:geheim@db/shuffify"
    assert settings.spotify_redirect_uri == "https://shuffify.example/callback"
    assert settings.spotify_api_url == "https://api.spotify.com"
    assert settings.spotify_accounts_url == "https://accounts.spotify.com"
    assert not settings.is_sandbox
    assert (settings.scheduler, settings.trusted_proxies) == ("embedded", 0)
    assert settings.ratelimit_storage_uri == "memory://"
    assert settings.allowed_spotify_ids == frozenset()
    assert (settings.log_level, settings.log_format) == ("INFO", "text")
    assert settings.audit_spool == str(tmp_path / "instance" / "audit-spool.jsonl")
    assert (settings.audit_bulk_limit, settings.audit_client_info) == (500, False)
    assert settings.audit_seal_keys == ()
    assert not (tmp_path / "instance").exists()


@pytest.mark.parametrize("variable", sorted(PRODUCTION.keys() - {"DATABASE_URL"}))
def test_production_names_what_is_missing(tmp_path: Path, variable: str) -> None:
    given = {**PRODUCTION, variable: " "}
    found = mistakes(tmp_path, "production", **given)
    assert len(found) == 1
    assert found[0].startswith(f"{variable}: is missing; ")


def test_all_mistakes_are_reported_at_once_each_with_a_remedy(tmp_path: Path) -> None:
    found = mistakes(
        tmp_path,
        "production",
        SECRET_KEY="short",
        TOKEN_KEYS=f"{FERNET_KEY},nonsense",
        DATABASE_URL="mysql://shuffify:geheim@db/shuffify",
        PUBLIC_URL="http://shuffify.example",
        SPOTIFY_CLIENT_ID="client",
        SCHEDULER="sometimes",
        TRUSTED_PROXIES="-1",
        LOG_LEVEL="LOUD",
        AUDIT_BULK_LIMIT="0",
        AUDIT_CLIENT_INFO="maybe",
        RATELIMIT_STORAGE_URI="redis",
    )
    named = {line.split(":")[0] for line in found}
    assert named == {
        "SECRET_KEY", "TOKEN_KEYS", "DATABASE_URL", "PUBLIC_URL", "SPOTIFY_CLIENT_SECRET",
        "SCHEDULER", "TRUSTED_PROXIES", "LOG_LEVEL", "AUDIT_BULK_LIMIT", "AUDIT_CLIENT_INFO",
        "RATELIMIT_STORAGE_URI",
    }
    assert all("; " in line and line.endswith(".") for line in found)


def test_no_mistake_and_no_repr_shows_a_secret(tmp_path: Path) -> None:
    secrets = {
        "SECRET_KEY": "geheim-1", "TOKEN_KEYS": "geheim-2",
        "DATABASE_URL": "mysql://shuffify:geheim-3@db/shuffify",
        "SPOTIFY_CLIENT_SECRET": REAL_CREDENTIAL, "AUDIT_SEAL_KEY": "geheim-5",
    }
    found = mistakes(tmp_path, "production", **{**PRODUCTION, **secrets, **SANDBOX})
    for value in ("geheim", REAL_CREDENTIAL):
        assert value not in "\n".join(found)
    seal_key = "geheim-5" * 4
    shown = repr(load(tmp_path, "production", **PRODUCTION, AUDIT_SEAL_KEY=seal_key))
    for value in ("k" * 32, FERNET_KEY, "geheim", "hidden"):
        assert value not in shown


@pytest.mark.parametrize("key", sorted(config.PUBLISHED_KEYS))
def test_production_refuses_a_published_key(tmp_path: Path, key: str) -> None:
    found = mistakes(tmp_path, "production", **{**PRODUCTION, "SECRET_KEY": key})
    assert found == [
        "SECRET_KEY: is a published example; set what `shuffify keys generate` prints."
    ]
    assert load(tmp_path, "development", SECRET_KEY=key).secret_key == key


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("postgres://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("postgresql://u:p%40@h:5433/d?sslmode=require",
         "postgresql+psycopg://u:p%40@h:5433/d?sslmode=require"),
        ("postgresql+psycopg://h/d", "postgresql+psycopg://h/d"),
        ("sqlite:////data/x.sqlite", "sqlite:////data/x.sqlite"),
        ("sqlite://", "sqlite://"),
    ],
)
def test_database_addresses(tmp_path: Path, given: str, used: str) -> None:
    assert load(tmp_path, DATABASE_URL=given).database_url == used


@pytest.mark.parametrize("given", ["shuffify.sqlite", "postgresql+psycopg2://h/d", "http://h/d"])
def test_other_databases_are_refused(tmp_path: Path, given: str) -> None:
    assert mistakes(tmp_path, DATABASE_URL=given)[0].startswith("DATABASE_URL: is ")


@pytest.mark.parametrize(
    "variable", ["SECRET_KEY", "DATABASE_URL", "SPOTIFY_CLIENT_SECRET", "TOKEN_KEYS"]
)
def test_secrets_may_come_from_files(tmp_path: Path, variable: str) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{PRODUCTION[variable]}\n")
    given = {key: value for key, value in PRODUCTION.items() if key != variable}
    from_file = load(tmp_path, "production", **given, **{f"{variable}_FILE": str(file)})
    assert from_file == load(tmp_path, "production", **PRODUCTION)

    both = mistakes(tmp_path, "production", **PRODUCTION, **{f"{variable}_FILE": str(file)})
    assert both == [f"{variable}_FILE: is set beside {variable}; keep one of the two."]

    nowhere = {f"{variable}_FILE": str(tmp_path / "nowhere")}
    assert mistakes(tmp_path, "production", **given, **nowhere) == [
        f"{variable}_FILE: cannot be read (No such file or directory); name a readable file."
    ]

    file.write_text("\n")
    empty = mistakes(tmp_path, "production", **given, **{f"{variable}_FILE": str(file)})
    assert empty == [f"{variable}_FILE: names an empty file; put the value into it."]

    file.write_bytes(b"\xff\xfe")
    binary = mistakes(tmp_path, "production", **given, **{f"{variable}_FILE": str(file)})
    assert "it is no UTF-8 text" in binary[0]


def test_development_makes_its_keys_once_for_its_owner_alone(tmp_path: Path) -> None:
    first, second = load(tmp_path, "development"), load(tmp_path, "development")
    assert first == second
    assert len(first.secret_key) >= 32
    assert Fernet(first.token_keys[0])
    for name in ("secret_key", "token_keys"):
        assert stat.S_IMODE((tmp_path / "instance" / name).stat().st_mode) == 0o600
    assert {path.name for path in (tmp_path / "instance").iterdir()} == {
        "secret_key", "token_keys",
    }
    assert first.database_url == f"sqlite:///{tmp_path}/instance/shuffify.sqlite"


def test_development_processes_that_start_together_share_one_key(tmp_path: Path) -> None:
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(load(tmp_path, "development").secret_key))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_a_folder_that_cannot_keep_keys_is_a_mistake_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "instance").write_text("a file where the folder should be")
    found = mistakes(tmp_path, "development")
    assert [line.split(":")[0] for line in found] == ["DATABASE_URL", "SECRET_KEY", "TOKEN_KEYS"]


def test_testing_never_spools_into_the_trail_of_development(tmp_path: Path) -> None:
    spools = {load(tmp_path, name).audit_spool for name in ("testing", "development")}
    assert len(spools) == 2


def test_testing_makes_no_file_and_keeps_its_keys_through_the_process(tmp_path: Path) -> None:
    first, second = load(tmp_path), load(tmp_path)
    assert (first.secret_key, first.token_keys) == (second.secret_key, second.token_keys)
    assert first.scheduler == "off"
    assert first.database_url == "sqlite://"
    assert not (tmp_path / "instance").exists()


def test_token_keys_keep_their_order(tmp_path: Path) -> None:
    older = Fernet.generate_key().decode("ascii")
    settings = load(tmp_path, TOKEN_KEYS=f" {FERNET_KEY} , {older},")
    assert settings.token_keys == (FERNET_KEY, older)


@pytest.mark.parametrize(
    ("public", "redirect"),
    [
        ("https://shuffify.example", "https://shuffify.example/callback"),
        ("https://shuffify.example/", "https://shuffify.example/callback"),
        ("https://shuffify.example", "https://shuffify.example:443/callback"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/callback"),
        ("http://[::1]:8000", "http://[::1]:8000/callback"),
        ("http://127.8.9.1:80", "http://127.8.9.1/callback"),
    ],
)
def test_redirect_uris_that_spotify_takes(tmp_path: Path, public: str, redirect: str) -> None:
    given = {"PUBLIC_URL": public, "SPOTIFY_REDIRECT_URI": redirect}
    assert load(tmp_path, **given).spotify_redirect_uri == redirect


@pytest.mark.parametrize(
    ("public", "redirect", "problem"),
    [
        ("http://127.0.0.1:8000", "http://localhost:8000/callback", "names localhost"),
        ("http://localhost:8000", None, "names localhost"),
        ("http://192.168.1.5:8000", None, "Spotify takes http on 127.0.0.1"),
        ("https://a.example", "https://b.example/callback", "use https://a.example/callback"),
        ("https://a.example", "http://a.example/callback", "Spotify takes http on"),
        ("https://a.example", "https://a.example:444/callback", "use https://a.example/callback"),
        ("https://a.example", "https://a.example/back", "use https://a.example/callback"),
        ("https://a.example", "a.example/callback", "use https://a.example/callback"),
        ("https://a.example/app", None, "use https://host or https://host:port"),
        ("shuffify.example", None, "use https://host or https://host:port"),
        ("https://user:pw@a.example", None, "use https://host or https://host:port"),
        ("https://a.example:99999", None, "use https://host or https://host:port"),
    ],
)
def test_addresses_that_cannot_work_are_refused(
    tmp_path: Path, public: str, redirect: str | None, problem: str
) -> None:
    given = {"PUBLIC_URL": public}
    if redirect is not None:
        given["SPOTIFY_REDIRECT_URI"] = redirect
    found = mistakes(tmp_path, **given)
    assert any(problem in line for line in found), found


def test_production_may_be_tried_on_a_loopback_address(tmp_path: Path) -> None:
    local = {**PRODUCTION, "PUBLIC_URL": "http://127.0.0.1:8000"}
    assert load(tmp_path, "production", **local).public_url == "http://127.0.0.1:8000"


def test_two_servers_that_are_not_spotifys_are_the_sandbox(tmp_path: Path) -> None:
    settings = load(tmp_path, **SANDBOX, SPOTIFY_CLIENT_ID="sandbox")
    assert settings.is_sandbox
    assert settings.spotify_api_url == "http://127.0.0.1:9001"


@pytest.mark.parametrize("variable", sorted(SANDBOX))
def test_half_a_sandbox_is_refused(tmp_path: Path, variable: str) -> None:
    found = mistakes(tmp_path, **{variable: SANDBOX[variable]})
    assert len(found) == 1
    assert "only one is real; set both" in found[0]


def test_hosts_must_be_addresses(tmp_path: Path) -> None:
    given = {"SPOTIFY_ACCOUNTS_URL": "sandbox:9001", "SPOTIFY_API_URL": "ftp://sandbox"}
    assert mistakes(tmp_path, **given) == [
        "SPOTIFY_ACCOUNTS_URL: is 'sandbox:9001'; "
        "leave it out to use https://accounts.spotify.com.",
        "SPOTIFY_API_URL: is 'ftp://sandbox'; leave it out to use https://api.spotify.com.",
    ]


@pytest.mark.parametrize("variable", ["SPOTIFY_CLIENT_ID", "SPOTIFY_CLIENT_SECRET"])
def test_a_sandbox_never_sees_real_credentials(tmp_path: Path, variable: str) -> None:
    found = mistakes(tmp_path, **SANDBOX, **{variable: REAL_CREDENTIAL})
    assert found == [
        f"{variable}: looks like a real credential; a sandbox must not see it: leave it out."
    ]
    assert load(tmp_path, **{variable: REAL_CREDENTIAL})


def test_an_external_scheduler_needs_postgresql(tmp_path: Path) -> None:
    assert mistakes(tmp_path, SCHEDULER="external", DATABASE_URL="sqlite://") == [
        "SCHEDULER: external needs PostgreSQL; set DATABASE_URL to one."
    ]
    settings = load(tmp_path, SCHEDULER="External", DATABASE_URL="postgres://h/d")
    assert settings.scheduler == "external"


def test_seal_keys_may_come_from_a_file_and_are_long_in_production(tmp_path: Path) -> None:
    file = tmp_path / "seal"
    file.write_text(f"{'n' * 32},short\n")
    given = {"AUDIT_SEAL_KEY_FILE": str(file)}
    assert load(tmp_path, **given).audit_seal_keys == ("n" * 32, "short")
    (mistake,) = mistakes(tmp_path, "production", **PRODUCTION, **given)
    assert mistake == (
        "AUDIT_SEAL_KEY: number 2 has 5 characters of 32; use random ones, and more of them."
    )


def test_lists_numbers_and_switches_are_read_as_written(tmp_path: Path) -> None:
    settings = load(
        tmp_path, ALLOWED_SPOTIFY_IDS=" mira, jonas ,,", TRUSTED_PROXIES=" 2 ",
        LOG_LEVEL="debug", LOG_FORMAT="JSON", AUDIT_CLIENT_INFO="On", AUDIT_BULK_LIMIT="9",
        AUDIT_SPOOL="/data/spool.jsonl", AUDIT_SEAL_KEY="new, old",
        RATELIMIT_STORAGE_URI="redis://cache:6379",
    )
    assert settings.allowed_spotify_ids == {"mira", "jonas"}
    assert (settings.trusted_proxies, settings.audit_bulk_limit) == (2, 9)
    assert (settings.log_level, settings.log_format) == ("DEBUG", "json")
    assert (settings.audit_client_info, settings.audit_seal_keys) == (True, ("new", "old"))
    assert settings.audit_spool == "/data/spool.jsonl"
    assert settings.ratelimit_storage_uri == "redis://cache:6379"


def test_the_environment_names_the_configuration(tmp_path: Path) -> None:
    assert config.load(None, tmp_path, {"APP_CONFIG": "testing"}).name == "testing"
    assert config.load(None, tmp_path, {}).name == "development"
    with pytest.raises(ConfigurationError, match="APP_CONFIG: is 'staging'; use development"):
        config.load("staging", tmp_path, {})
    with pytest.raises(ConfigurationError, match="APP_CONFIG: is 'staging'; use development"):
        config.load(None, tmp_path, {"APP_CONFIG": "staging"})


def test_settings_never_change(tmp_path: Path) -> None:
    with pytest.raises(AttributeError):
        load(tmp_path).name = "production"  # type: ignore[misc]
