"""How many false claims the held reply misses and how many true replies it refuses: `python -m scripts.measure_claims`.

The hand-written sets of evals/claims, per class and language. `holdout` is for measuring only: nothing may be changed
because of what it shows.

python -m scripts.measure_claims                         # both halves
python -m scripts.measure_claims development --list      # with the replies that were judged wrongly
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable

from agent.claims import ClaimDetector
from agent.reply import HeldReply
from evals.replies import FOLDER, HALVES, KnownReply, read_set, wrong
from knowledge.embedder import load_embedder

WORDS = {True: "missed", False: "blocked"}


def _table(
    title: str, replies: list[KnownReply], errors: list[KnownReply], of: Callable[[KnownReply], str], word: str
) -> None:
    counted, missed = Counter(map(of, replies)), Counter(map(of, errors))
    print(f"  by {title}:")
    for name, n in sorted(counted.items()):
        print(f"    {name:<24} {missed[name]:>3} of {n} {word}")


def _measure(held: HeldReply, half: str, *, false: bool, listed: bool) -> None:
    replies = read_set(FOLDER / f"{'false' if false else 'true'}_{half}.toml", false=false)
    errors = wrong(held, replies)
    word = WORDS[false]
    print(f"{half}: {word} {len(errors)} of {len(replies)} ({len(errors) / len(replies):.1%})")
    _table("class", replies, errors, lambda reply: reply.kind, word)
    if false:
        _table("language", replies, errors, lambda reply: reply.language, word)
    if listed:
        for reply in errors:
            print(f"  {word} [{reply.kind}, {reply.situation}] {reply.text!r}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("half", nargs="?", choices=HALVES, help="both, when left out")
    parser.add_argument("--list", action="store_true", dest="listed", help="print what was judged wrongly")
    arguments = parser.parse_args()
    held = HeldReply(ClaimDetector(load_embedder()))
    for half in [arguments.half] if arguments.half else HALVES:
        for false in (True, False):
            _measure(held, half, false=false, listed=arguments.listed)


if __name__ == "__main__":
    main()
