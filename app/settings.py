"""Settings: environment variables, then `lee.toml` beside the data, then defaults. Unknown names are errors."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from agent.settings import AgentSettings
from app.house import ROOT


def database(url: str) -> str:
    """The URL, if the store knows such databases. Raises ValueError."""
    from store.dialects import known  # only where one is named: most commands need no database engine

    known(url)
    return url


Database = Annotated[str, AfterValidator(database)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]


class SettingsError(ValueError):
    """A setting cannot be used; the message names it."""


class Settings(BaseSettings):
    """Every field is `LEE_<NAME>` in the environment or `<name>` in lee.toml; the vendors' keys keep their own names
    (`STRIPE_API_KEY`, `OPENAI_API_KEY`, `OPENAI_BASE_URL`). Nested ones take two underscores:
    `LEE_AGENT__AUTONOMY__KILL_SWITCH=true`."""

    model_config = SettingsConfigDict(env_prefix="LEE_", env_nested_delimiter="__", extra="forbid", frozen=True)
    toml_file: ClassVar[Path | None] = None

    data: Path = Field(ROOT / "data", description="Folder of everything Lee keeps.")
    keys: Path | None = Field(None, description="Folder of signing key and checkpoints; default: <data>/keys.")
    keys_url: Database | None = Field(None, description="Database of the data keys; default: a SQLite file in <keys>.")
    key_file: Path | None = Field(None, description="What wraps the data keys; default: <keys>/wrapping.key.")
    database_url: Database | None = Field(None, description="sqlite:///… or postgresql://…; default: SQLite in <data>.")
    human_contact: str = Field("support@acme-cloud.example", description="Where a customer always reaches a human.")

    return_url: str | None = Field(None, description="Where customers come back to from Stripe's pages.")

    stripe_api_key: SecretStr | None = Field(None, validation_alias="STRIPE_API_KEY", description="Without: sandbox.")
    openai_api_key: SecretStr | None = Field(None, validation_alias="OPENAI_API_KEY", description="Without: offline.")
    openai_base_url: str | None = Field(None, validation_alias="OPENAI_BASE_URL", description="Any compatible server.")
    model: str | None = Field(None, description="Model name at that endpoint; `offline` for the offline planner.")

    embedding_model: str | None = Field(None, description="A sentence-transformers model or path; default: built in.")
    qdrant_url: str | None = Field(None, description="A Qdrant server; default: in process, in <data>.")
    index_engine: Literal["edge", "python"] = Field(
        "edge", description="Without a Qdrant server: Qdrant's engine in process, or a plain scan in Python."
    )
    clickhouse_url: str | None = Field(None, description="A ClickHouse server; default: in process, in <data>.")
    limits: Path | None = Field(None, description="Policy limits; default: policy/limits.toml.")

    articles: Path | None = Field(None, description="Folder of articles published here; default: <data>/articles.")
    review_after_days: Count = Field(180, description="Days after which an article is stale that nobody has reviewed.")
    came_back_days: Count = Field(
        7, description="A customer who asks about the same topic again within so many days came back."
    )
    human_cost: Count = Field(800, description="What a case costs that a human solves, in minor units.")
    human_cost_currency: str = Field("usd", pattern=r"^[a-z]{3}$", description="The currency of human_cost.")

    agent: AgentSettings = Field(
        default_factory=AgentSettings,
        description="Autonomy by topic, kill switch, shadow mode, bounds of a turn (agent/settings.py).",
    )
    reconcile_seconds: Count = Field(60, description="How often a working Lee looks for effects without an outcome.")
    checkpoint_seconds: Count = Field(300, description="How often a working Lee signs the audit log, if it has grown.")
    checkpoint_entries: Count = Field(1_000, description="After so many entries it is signed at once.")
    checkpoint_copy: Path | None = Field(None, description="A second folder for the signed checkpoints.")
    worker: str = Field(
        "owner", pattern=r"^[\w.-]{1,64}$", description="This worker's name, where several share a database."
    )
    worker_lease: Count = Field(4, description="Seconds without a sign of life until others take a worker's turns.")
    concurrency: Count = Field(8, description="Tickets worked on at once.")

    @property
    def keys_folder(self) -> Path:
        return self.keys or self.data / "keys"

    @property
    def articles_folder(self) -> Path:
        return self.articles or self.data / "articles"

    @property
    def wrapping_key(self) -> Path:
        return self.key_file or self.keys_folder / "wrapping.key"

    @property
    def store_url(self) -> str:
        return self.database_url or f"sqlite:///{self.data / 'lee.db'}"

    @property
    def shared(self) -> bool:
        """Other workers may be at work on the same database."""
        return self.store_url.startswith("postgresql")

    @property
    def offline(self) -> bool:
        """No key, no endpoint of one's own, or `LEE_MODEL=offline`."""
        return self.model == "offline" or (self.openai_api_key is None and self.openai_base_url is None)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings, env_settings, TomlConfigSettingsSource(settings_cls, cls.toml_file))


def load_settings(**given: Any) -> Settings:
    """Raises `SettingsError` with every wrong or unknown name."""
    known = {f"LEE_{name}".upper() for name in Settings.model_fields} | {"LEE_CRASH_AT", "LEE_TORCH_INDEX"}
    unknown = sorted(
        name for name in os.environ if name.startswith("LEE_") and name.upper().partition("__")[0] not in known
    )
    if unknown:
        raise SettingsError(f"unknown setting {', '.join(unknown)} in the environment")
    data = Path(given.get("data") or os.environ.get("LEE_DATA") or ROOT / "data")

    class WithFile(Settings):
        toml_file = data / "lee.toml"

    try:
        return WithFile(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        places = "; ".join(
            f"{'.'.join(map(str, e['loc']))}: {e['msg'].removeprefix('Value error, ')}" for e in error.errors()
        )
        raise SettingsError(f"settings: {places}") from error
    except ValueError as error:
        raise SettingsError(f"{data / 'lee.toml'} cannot be read: {error}") from error
