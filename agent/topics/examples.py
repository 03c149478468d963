"""Our own examples of what customers write, one TOML file a family of topics.

A table is a topic, a key a scenario (one situation in several voices). Whoever trains or measures holds out whole
scenarios: voices of one situation resemble each other too much to be on both sides.
"""

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path

from agent.topics.names import Topic

EXAMPLES = Path(__file__).parent
_NAMES = frozenset(topic.value for topic in Topic)


@dataclass(frozen=True, slots=True)
class Example:
    text: str
    topic: Topic
    scenario: str


class ExamplesInvalid(ValueError):
    """An example file names a topic that does not exist, holds something else than texts, or repeats a text."""


def read_examples(folder: Path = EXAMPLES) -> list[Example]:
    """All examples in a fixed order (file, table, key). Raises `ExamplesInvalid`, naming the file."""
    found: list[Example] = []
    seen: dict[str, str] = {}
    for path in sorted(folder.glob("*.toml")):
        try:
            tables = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ExamplesInvalid(f"{path.name}: {error}") from error
        for name, scenarios in tables.items():
            if name not in _NAMES:
                raise ExamplesInvalid(f"{path.name}: {name} is no topic")
            if not isinstance(scenarios, dict):
                raise ExamplesInvalid(f"{path.name}: {name} holds no scenarios")
            for scenario, texts in scenarios.items():
                where = f"{path.name}: {name}.{scenario}"
                if not isinstance(texts, list) or not texts:
                    raise ExamplesInvalid(f"{where} holds no texts")
                for text in texts:
                    if not isinstance(text, str) or not text.strip():
                        raise ExamplesInvalid(f"{where} holds something that is no text")
                    if (other := seen.setdefault(text.casefold(), where)) is not where:
                        raise ExamplesInvalid(f"{where} repeats “{text}” of {other}")
                    found.append(Example(text, Topic(name), f"{name}.{scenario}"))
    return found


def fingerprint(examples: list[Example]) -> str:
    """SHA-256 (hex) of the examples in order: the head says of which ones it was trained."""
    digest = hashlib.sha256()
    for example in examples:
        digest.update(f"{example.topic}\x1f{example.scenario}\x1f{example.text}\x1e".encode())
    return digest.hexdigest()
