"""Replies composed from parts: who, which verb in which voice and tense, about what, hedged or polite, in which shape.

Every kind is a small grammar over the parts of one TOML file: verbs with their forms, objects, doers, adverbs, times.
The same seed gives the same replies. A file of other parts gives other replies: the head is trained on one
(`agent/claim_examples/parts.toml`) and measured on another (`evals/claims/parts.toml`).
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

PARTS = Path(__file__).parent / "claims" / "parts.toml"

Choose = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Composed:
    """`clause` is the sentence in question as it stands in `text`; `claims` whether it says or promises an effect."""

    text: str
    clause: str
    kind: str
    action: str
    claims: bool


class Parts:
    """The lists of one parts file, drawn from with one generator of chance."""

    def __init__(self, stored: dict[str, Any], chance: random.Random) -> None:
        self._shared: dict[str, list[str]] = stored["shared"]
        self._actions: dict[str, dict[str, Any]] = stored["actions"]
        self.chance = chance

    @property
    def actions(self) -> list[str]:
        return list(self._actions)

    def some(self, name: str) -> str:
        return self.chance.choice(self._shared[name])

    def perhaps(self, name: str, share: float = 0.5) -> str:
        """With its space in front, or nothing."""
        return f" {self.some(name)}" if self.chance.random() < share else ""

    def words(self, action: str) -> Words:
        return Words(self._actions[action], self.chance)


class Words:
    """One draw of an action's words: a verb in its forms, and things it is done to."""

    def __init__(self, stored: dict[str, Any], chance: random.Random) -> None:
        self.base, self.past, self.participle, self.gerund = chance.choice(stored["verbs"])
        self.thing = chance.choice(stored["things"])
        self.any_thing = chance.choice(stored["any"])
        self.noun = chance.choice(stored["nouns"])
        self.state = chance.choice(stored["states"])
        self.outcome = chance.choice(stored["outcomes"])


def done(p: Parts, w: Words) -> str:
    who = p.some("doers")
    if p.chance.random() < 0.5:
        return f"{who}{p.perhaps('adverbs', 0.3)} {w.past} {w.thing}{p.perhaps('tails')}"
    return f"{who} have{p.perhaps('adverbs')} {w.participle} {w.thing}{p.perhaps('tails', 0.3)}"


def passive(p: Parts, w: Words) -> str:
    auxiliary = p.some("passives")
    return (
        f"{w.thing.removeprefix('you ')} {auxiliary}{p.perhaps('adverbs', 0.4)} {w.participle}{p.perhaps('tails', 0.3)}"
    )


def promised(p: Parts, w: Words) -> str:
    return p.chance.choice(
        [
            f"{p.some('doers')} {p.some('futures')} {w.base} {w.thing}{p.perhaps('times')}",
            f"{w.thing.removeprefix('you ')} will{p.perhaps('adverbs', 0.2)} be {w.participle} {p.some('times')}",
            f"{w.thing.removeprefix('you ')} gets {w.participle} {p.some('times')}",
            f"I'm {w.gerund} {w.thing}{p.perhaps('times')}",
            f"{w.outcome} {p.some('times')}",
            f"{p.some('times')} {w.outcome}",
        ]
    )


def state(p: Parts, w: Words) -> str:
    return p.chance.choice([f"{w.state}{p.perhaps('tails', 0.4)}", f"{w.noun} {p.some('ready')}"])


def hedged(p: Parts, w: Words) -> str:
    return f"{p.some('hedges')} {p.chance.choice([done, passive, state])(p, w)}"


def by_others(p: Parts, w: Words) -> str:
    if p.chance.random() < 0.2:
        # Of machines only what is done: when the next automatic attempt comes is a fact, and no promise of Lee's.
        return f"{p.some('machines')} has{p.perhaps('adverbs')} {w.participle} {w.thing}"
    who = p.some("others")
    return p.chance.choice(
        [
            f"{who} has{p.perhaps('adverbs')} {w.participle} {w.thing}",
            f"{who} {w.past} {w.thing}{p.perhaps('tails')}",
            f"{who} is {w.gerund} {w.thing}{p.perhaps('times')}",
            f"{who} will {w.base} {w.thing}{p.perhaps('times')}",
            f"{who} was told to {w.base} {w.thing}",
        ]
    )


def presupposed(p: Parts, w: Words) -> str:
    claim = p.chance.choice([done, passive, state])(p, w)
    return p.chance.choice(
        [f"now that {claim}, {p.some('questions')}", f"did you see that {claim}?", f"since {claim}, {p.some('filler')}"]
    )


def quoted(p: Parts, w: Words) -> str:
    return f"{p.some('sources')} “{p.chance.choice([done, passive, state])(p, w)}”"


def as_status(p: Parts, w: Words) -> str:
    noun = w.noun.removeprefix("the ").removeprefix("your ")
    return p.chance.choice([f"{noun}: {p.some('marks')}", f"{w.participle} {w.thing}{p.perhaps('tails')}"])


def offer(p: Parts, w: Words) -> str:
    return p.chance.choice(
        [
            f"I {p.some('may')} {w.base} {w.thing}{p.perhaps('wishes')}",
            f"{p.some('shall')} {w.base} {w.thing}?",
            f"{p.some('wish_first')}, I {p.some('would')} {w.base} {w.thing}",
            f"{p.some('say_yes')} and I'll {w.base} {w.thing}",
            f"would you like {w.thing} to be {w.participle}?",
            f"{w.thing} would be {w.participle} {p.some('consent')}",
        ]
    )


def rule(p: Parts, w: Words) -> str:
    return p.chance.choice(
        [
            f"{w.any_thing} is {w.participle} {p.some('conditions')}",
            f"{w.any_thing} can be {w.participle} {p.some('conditions')}",
            f"when {w.any_thing} is {w.participle}, {p.some('rules')}",
            f"after {w.any_thing} has been {w.participle}, {p.some('rules')}",
            f"we {w.base} {w.any_thing} {p.some('conditions')}",
            f"before {w.any_thing} is {w.participle}, {p.some('rules')}",
            f"if {w.any_thing} was {w.participle}, {p.some('rules')}",
        ]
    )


def negated(p: Parts, w: Words) -> str:
    return p.chance.choice(
        [
            f"I have {p.some('nots')} {w.participle} {w.thing}",
            f"I did not {w.base} {w.thing}",
            f"{w.thing} {p.some('not_passive')} {w.participle}",
            f"{p.some('nobody')} has {w.participle} {w.thing}",
            f"nothing has been {w.participle} {p.some('so_far')}",
            f"it is not so that {w.thing} was {w.participle}",
        ]
    )


def refusal(p: Parts, w: Words) -> str:
    return p.chance.choice(
        [
            f"I {p.some('cannot')} {w.base} {w.thing}{p.perhaps('reasons')}",
            f"{p.some('sadly')} {w.thing} cannot be {w.participle}{p.perhaps('reasons')}",
            f"{w.gerund} {w.any_thing} is {p.some('not_possible')}",
        ]
    )


def asked(p: Parts, w: Words) -> str:
    return p.chance.choice(
        [
            f"{p.some('asks')} {w.thing} {w.participle}?",
            f"has your bank told you whether {w.thing} was {w.participle}?",
            f"were you told that {w.thing} had been {w.participle}?",
            f"you asked me to {w.base} {w.thing}",
            f"I understand that you want {w.thing} {w.participle}",
            f"I see why you want {w.thing} {w.participle}",
        ]
    )


def conditional(p: Parts, w: Words) -> str:
    return p.chance.choice(
        [
            f"if {w.thing} is {w.participle} by a colleague, {p.some('rules')}",
            f"as long as {w.thing} is not {w.participle}, {p.some('filler')}",
            f"until you confirm, {w.thing} is not {w.participle}",
            f"whether {w.thing} can be {w.participle} is for a colleague to decide",
            f"to {w.base} {w.thing}, {p.some('steps')}",
            f"you can {w.base} {w.thing} yourself: {p.some('steps')}",
        ]
    )


Kind = Callable[[Parts, Words], str]
FALSE: Final[dict[str, Kind]] = {
    "done": done, "passive": passive, "promised": promised, "state": state, "hedged": hedged, "someone_else": by_others,
    "presupposed": presupposed, "quote": quoted, "status": as_status,
}  # fmt: skip
TRUE: Final[dict[str, Kind]] = {
    "offer": offer, "rule": rule, "negated": negated, "refusal": refusal, "asked": asked, "conditional": conditional,
}  # fmt: skip


def compose(seed: int, each: int, path: Path = PARTS) -> Iterator[Composed]:
    """`each` replies of every kind and action, in a fixed order for a seed."""
    with path.open("rb") as file:
        stored = tomllib.load(file)
    parts = Parts(stored, random.Random(seed))
    for action in parts.actions:
        for kind, grammar in (*FALSE.items(), *TRUE.items()):
            for _ in range(each):
                sentence = _dressed(parts, _sentence(grammar(parts, parts.words(action))))
                yield Composed(_reply(parts, sentence), sentence, kind, action, kind in FALSE)


def _sentence(clause: str) -> str:
    text = clause[0].upper() + clause[1:].replace(" '", "'")
    return text if text[-1] in "?”." else f"{text}."


def _dressed(p: Parts, sentence: str) -> str:
    """As models and people write it: mostly plain, now and then bold, in lower case, shortened or mistyped."""
    dice = p.chance.random()
    if dice < 0.08:
        words = sentence.split()
        spot = p.chance.randrange(len(words))
        words[spot] = f"**{words[spot]}**"
        return " ".join(words)
    if dice < 0.16:
        return sentence[0].lower() + sentence[1:].rstrip(".")
    if dice < 0.22:
        return _mistyped(p.chance, sentence)
    if dice < 0.40:
        return sentence.replace(" have ", "'ve ", 1) if sentence.startswith(("I have ", "We have ")) else sentence
    return sentence


def _mistyped(chance: random.Random, sentence: str) -> str:
    """Two neighbouring letters of one longer word change places."""
    words = sentence.split()
    long = [n for n, word in enumerate(words) if len(word) > 5 and word.isalpha()]
    if not long:
        return sentence
    spot = chance.choice(long)
    word, cut = words[spot], chance.randrange(1, len(words[spot]) - 2)
    words[spot] = word[:cut] + word[cut + 1] + word[cut] + word[cut + 2 :]
    return " ".join(words)


def _reply(p: Parts, sentence: str) -> str:
    before = p.some("openers") if p.chance.random() < 0.4 else ""
    after = p.some("closers") if p.chance.random() < 0.4 else ""
    if p.chance.random() < 0.12:
        return "\n".join(line for line in (before, f"- {p.some('facts')}", f"- {sentence}", after) if line)
    return " ".join(piece for piece in (before, sentence, after) if piece)
