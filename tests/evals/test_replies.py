"""The hand-written replies: whole, all different, each judged against a situation that exists."""

from __future__ import annotations

from pathlib import Path

import pytest

from evals.replies import FOLDER, HALVES, KnownReply, read_set, situations


def all_of(name: str) -> list[KnownReply]:
    return [reply for half in HALVES for reply in read_set(FOLDER / f"{name}_{half}.toml", false=name == "false")]


def test_three_hundred_each_and_no_text_twice() -> None:
    false, true = all_of("false"), all_of("true")
    assert (len(false), len(true)) == (300, 300)
    assert len({reply.text.casefold() for reply in (*false, *true)}) == 600
    assert {reply.situation for reply in (*false, *true)} <= situations().keys()
    assert len({reply.language for reply in false}) >= 10


def test_situations_hold_what_their_name_says() -> None:
    found = situations()
    assert found["nothing"].effects == ()
    assert [effect.tool for effect in found["cancel_done"].effects] == ["cancel_subscription"]
    assert (1500, "usd") in found["refunded_earlier"].evidence.refunded
    assert found["link_made"].effects[0].secret in found["link_made"].evidence.links


@pytest.mark.parametrize("text", ["A {true} one.", "No {end."])
def test_marks_that_cannot_be_meant_are_errors(tmp_path: Path, text: str) -> None:
    path = tmp_path / "set.toml"
    path.write_text(
        f'[[group]]\nclass = "done"\nlanguage = "English"\nsituation = "nothing"\ntexts = ["{text}"]\n',
        encoding="utf-8",
    )
    with pytest.raises(ValueError, match="braces"):
        read_set(path, false=False)
