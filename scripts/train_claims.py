"""Train the claim head on agent/claim_examples (by hand and composed) and the sentences of our own articles.

python -m scripts.train_claims             # train on everything, write agent/claims_head.npz
python -m scripts.train_claims --held-out  # train without a fifth of the sentences by hand; print what it makes of them

Sentences of evals/claims are never trained on. With a busy core an epoch takes one to four minutes.
"""

from __future__ import annotations

import argparse
import random
import tomllib
from collections.abc import Iterable

from agent.claims import EXAMPLES, PARTS_FILE, Head, save_head, verdict
from agent.sentences import sentences
from evals.composed import PARTS, compose
from knowledge.adapted import Adapter, adapted
from knowledge.articles import PUBLISHED_ARTICLES as ARTICLES
from knowledge.embedder import load_embedder
from scripts.claim_tuning import Labelled, Tuned, train

EPOCHS = 5
EACH = 10  # composed sentences of every kind and action
BY_HAND = 2.0  # weight, and times each is read in an epoch


def by_hand() -> list[Labelled]:
    """The sentences written one by one. Raises `ValueError` for one that stands there twice."""
    found: dict[str, Labelled] = {}
    for path in sorted(EXAMPLES.glob("*.toml")):
        if path == PARTS_FILE:
            continue
        stored = tomllib.loads(path.read_text(encoding="utf-8"))
        for text, claims in [(t, True) for t in stored.get("claims", [])] + [
            (t, False) for t in stored.get("plain", [])
        ]:
            if text in found:
                raise ValueError(f"{path.name}: {text!r} is an example already")
            found[text] = Labelled(text, claims, BY_HAND)
    return list(found.values())


def composed(seed: int, each: int, *, measuring: bool = False) -> list[Labelled]:
    """The sentence in question of each composed reply; of several, the one with the claim in it comes last."""
    found: dict[str, Labelled] = {}
    for one in compose(seed, each, PARTS if measuring else PARTS_FILE):
        parts = sentences(one.clause)
        for part in parts[-1:] if one.claims else parts:
            found[part] = Labelled(part, one.claims)
    return list(found.values())


def articles() -> list[Labelled]:
    """Our own articles speak of effects in general: none of their sentences says that one was made."""
    texts = [path.read_text(encoding="utf-8").partition("\n---\n")[2] for path in sorted(ARTICLES.glob("*.md"))]
    found = [part.lstrip("# ") for text in texts for part in sentences(text)]
    return [Labelled(part, claims=False) for part in dict.fromkeys(found) if len(part) > 12]


def report(title: str, rows: Iterable[Labelled], net: Tuned, *, listed: bool = False) -> None:
    rows = list(rows)
    scores = net.scores([row.text for row in rows])
    found = [verdict(row.text, float(score)) is not None for row, score in zip(rows, scores, strict=True)]
    claims = sum(row.claims for row in rows)
    missed = [(s, r.text) for r, s, f in zip(rows, scores, found, strict=True) if r.claims and not f]
    blocked = [(s, r.text) for r, s, f in zip(rows, scores, found, strict=True) if not r.claims and f]
    print(f"{title}: missed {len(missed)} of {claims}, blocked {len(blocked)} of {len(rows) - claims}")
    for word, group in (("missed", missed), ("blocked", blocked)) if listed else ():
        for score, text in sorted(group):
            print(f"  {word} {score:.2f} {text}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--held-out", action="store_true")
    arguments = parser.parse_args()
    hand = by_hand()
    random.Random(5).shuffle(hand)
    kept = hand[: len(hand) // 5] if arguments.held_out else []
    rows = [*hand[len(kept) :], *hand[len(kept) :], *composed(1, EACH), *articles()]
    base = load_embedder()
    net = train(adapted(base, Adapter("training", {})).foundation(), rows, EPOCHS)
    report("composed of other parts", composed(7, 3, measuring=True), net)
    if kept:
        report("by hand, held out", kept, net, listed=True)
        return
    report("by hand, trained on", hand, net, listed=True)
    weights, bias = net.weights()
    save_head(Head(weights.astype(float), bias, base.name, net.adapter()))
    print("written: agent/claims_head.npz")


if __name__ == "__main__":
    main()
