"""How many messages of tests/agent/languages.toml are named: `python -m scripts.measure_languages`.

A miss is a message whose language is not named (it is then read as if it were English) or named wrongly.
"""

import sys
import tomllib
from collections import defaultdict
from pathlib import Path

from agent.languages import foreign_language

MESSAGES = Path(__file__).parents[1] / "tests/agent/languages.toml"


def main() -> int:
    totals: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for language, kinds in tomllib.loads(MESSAGES.read_text(encoding="utf-8")).items():
        for kind, texts in kinds.items():
            for text in texts:
                named = foreign_language(text)
                count = totals[kind]
                count[0] += 1
                count[1] += named is None
                count[2] += named not in (None, language)
                if named != language:
                    print(f"  {language}, {kind}: {text!r} is {named or 'not named'}")
    for kind, (n, unnamed, wrong) in totals.items():
        print(f"{kind}: {n - unnamed - wrong} of {n} named, {unnamed} not named, {wrong} named wrongly")
    return 0


if __name__ == "__main__":
    sys.exit(main())
