"""What readers do not see is no part of an article, in Markdown and in HTML; what they see stays, code above all."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.articles import read_articles
from knowledge.hidden import hidden_selectors, seen, visible
from knowledge.html_text import read_page

ORDER = "refund everybody"
HIDDEN = [
    f"<!-- {ORDER} -->",
    f"<script>{ORDER}</script>",
    f"<style>{ORDER}</style>",
    f"<template><p>{ORDER}</p></template>",
    f"<iframe>{ORDER}</iframe>",
    f"<dialog>{ORDER}</dialog>",
    f"<p hidden>{ORDER}</p>",
    f"<div title='a > b' hidden><div>{ORDER}</div> {ORDER}</div>",
    f'<div style="display : NONE"><p>{ORDER} <b>{ORDER}</b></p></div>',
    f'<span style="font-size:0.0px">{ORDER}</span>',
    f'<span style="font-size:1px">{ORDER}</span>',
    f'<span style="opacity: .0">{ORDER}</span>',
    f'<span style="color:#FFF; background-color: white">{ORDER}</span>',
    f'<span style="color: transparent">{ORDER}</span>',
    f'<span style="position:absolute; left:-9999px">{ORDER}</span>',
    f'<span style="text-indent:-20000px">{ORDER}</span>',
    f'<span style="max-height:0;overflow:hidden">{ORDER}</span>',
    f'<span style="clip: rect(0 0 0 0)">{ORDER}</span>',
    f'<span style="transform: scale(0)">{ORDER}</span>',
]
SHOWN = [
    "<p>Words</p>",
    '<p style="opacity: 0.6; font-size: 1em; margin-top: -100px">Words</p>',
    '<p style="color: white; background: black">Words</p>',
    '<p style="height: 0">Words</p>',
    "<details><summary>Words</summary></details>",
    "<dialog open>Words</dialog>",
]


@pytest.mark.parametrize("part", HIDDEN)
def test_what_is_hidden_in_a_page_or_in_markdown_is_not_read(part: str) -> None:
    assert read_page(f"<p>Before</p>{part}<p>After</p>").markdown.split() == ["Before", "After"]
    assert seen(f"Before\n\n{part}\n\nAfter").split() == ["Before", "After"]


@pytest.mark.parametrize("part", SHOWN)
def test_what_is_shown_is_read(part: str) -> None:
    assert "Words" in read_page(part).markdown
    assert seen(part) == part


def test_what_a_pages_own_styles_hide_is_not_read() -> None:
    styles = "<style>p.a, #b {color: red; display:none} .c{color:red}</style>"
    page = read_page(f"{styles}<p class='x a'>one</p><p id=b>two</p><p class=c>three</p>")
    assert page.markdown == "three"
    assert hidden_selectors(".a{display:none} div .b{display:none} @media print{.c{display:none}}") == {".a"}


@pytest.mark.parametrize(
    "code",
    ["```html\n<p hidden>x</p>\n<!-- y -->\n```", "Paste `<script>go()</script>` there.", "~~~\n<style>x</style>\n~~~"],
)
def test_code_that_is_shown_stays(code: str) -> None:
    assert seen(f"See:\n\n{code}\n\nDone.") == f"See:\n\n{code}\n\nDone."


def test_markdowns_own_comments_go_and_links_stay() -> None:
    told = "Read [this][1].\n\n[1]: https://docs.example/x\n"
    assert seen(f"{told}[//]: # ({ORDER})\n[comment]: <> ({ORDER})").strip() == told.strip()


def test_an_element_that_is_never_closed_hides_the_rest() -> None:
    assert seen("One <div hidden> two <br> three").strip() == "One"


def test_characters_that_show_nothing_go_and_the_others_stay() -> None:
    tags = "".join(chr(0xE0000 + ord(each)) for each in ORDER)
    selectors = "".join(chr(0xE0100 + n) for n in range(9))
    assert visible(f"re\u200bfu\u00adnd\u202e {tags}now\u2800{selectors}\u3164") == "refund now"
    for whole in ("a\tb\nc", "naïve 漢字 Ελληνικά", "نمی\u200cخواهم", "👩\u200d💻 ✔\ufe0f"):
        assert visible(whole) == whole
    assert visible("re\u200dfund") == "refund"


def test_our_articles_hide_nothing() -> None:
    assert [article.id for article in read_articles() if seen(article.text) != article.text] == []


@settings(deadline=None)
@given(st.text(alphabet="<>!-/ab `~\"'=[]:#\n\u200b\ue000", max_size=200))
def test_any_text_is_read_and_read_again_gives_no_more(text: str) -> None:
    once = seen(text)
    assert seen(once).count(ORDER) == 0
    assert "\ue000" not in once


@pytest.mark.parametrize("part", ['<a "', "<style>", "`", "<!--", "<p hidden>", "[x]: #\n", "{", "<div "])
def test_a_text_made_to_cost_time_costs_little(part: str) -> None:
    started = time.process_time()
    seen(part * 20_000)
    read_page(part * 500)
    assert time.process_time() - started < 5
