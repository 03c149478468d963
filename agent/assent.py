"""A customer's yes, as a closed class of words. It answers a question that Lee has just put, and nothing else."""

from __future__ import annotations

import re

from agent.sentences import plain

_YES = re.compile(
    r"\W*(?:y|ye[sp]|yeah|yup|sure|ok|okay|correct|exactly|right|definitely|absolutely|of course|please(?: do)?|do it"
    r"|do that|go ahead|that would be|that'd be)\b(?!\W+(?:(?:so|and|then|well|please)\W+)*"
    r"(?:but|wait|no|not|never|don'?t|if|unless|only|except|instead|rather|why|how|what|when|which|who|(?:the )?other"
    r"|another|(?:that|this|it)(?:'s| is| was) (?:not|wrong|the (?:wrong|other)))\b)",
    re.I,
)

# What is a yes by itself, what goes with one and says nothing more, and what may stand around it in a letter.
_IT = r"(?: (?:it|that|this))?"
_FULL = (
    r"y|yes+|yep|yup|yeah|yea|sure(?: thing)?|of course|absolutely|definitely|certainly|correct|exactly|agreed|i agree"
    rf"|approved|i approve{_IT}|confirmed|i(?: hereby| do)? confirm{_IT}|confirm{_IT}|i do|it is"
    rf"|(?:please )?(?:go ahead|go for it|proceed|do so|do (?:it|that|this))(?: with (?:it|that|this))?|please do"
    r"|let'?s do (?:it|that|this)|you (?:can|may) (?:go ahead|proceed|do (?:it|that|this))"
    r"|(?:that|this|it)(?:'s| is) (?:exactly )?what (?:i|we) want|(?:that|this|it)(?:'s| is) (?:right|correct)"
)
_BESIDE = (
    r"ok|okay|okey|right|fine|alright|all right|great|perfect|good|cool|(?:that|it)(?:'s| is) (?:fine|good|ok|okay)"
    r"|sounds good|please|pls|plz|kindly|then|(?:many |much )?thanks|thank you(?: very much| so much)?|thx"
)
# What the customer may call the act by, once they have said yes; another act's name is another wish.
_ACT = {
    "change_plan": r"(?:change|switch)(?: it| me| us| my plan| our plan| the plan)|make the change",
    "cancel_subscription": r"(?:cancel|end)(?: it| my subscription| our subscription| the subscription| my plan)",
    "resume_subscription": r"(?:keep|resume|continue)(?: it| my subscription| our subscription| the subscription)",
    "undo_scheduled_change": r"take it back|undo it|keep (?:my|our|the) plan",
    "retry_payment": r"(?:charge|use)(?: it| my card| our card| the card)|(?:re)?try(?: it| the payment)?(?: again)?",
    "apply_promotion_code": r"(?:apply|use)(?: it| my code| the code)",
    "update_billing_details": r"(?:change|update)(?: it| them)",
    "set_tax_id": r"add(?: it| the number)",
}
_GAP = r"[\s,.;:!…'\"()–—-]*"
_LONGEST = 300  # characters of a yes, its letter's salutation and signature left out
_HELLO = re.compile(r"(?:hi|hello|hey|dear|good (?:morning|afternoon|evening))(?: (?:lee|there|team|all|again))?[,.!]*")
_GOODBYE = re.compile(r"(?:(?:kind|best|warm|many)(?: \w+)? )?(?:regards|wishes)|best|cheers|sincerely|yours(?: \w+)?")
_NAME = re.compile(r"[^\W\d_][\w'.-]*(?: [^\W\d_][\w'.-]*){0,2}")
_DEVICE = re.compile(r"sent from my [\w ]{1,30}\.?", re.I)
_CONTRARY = re.compile(r"\b(?:no|not|never|but|only|if|unless|until|wait|stop|cancel|don'?t|except|first|then)\b", re.I)
_FIRST, _NUMBERS = ("first", "second", "third", "fourth", "fifth", "sixth"), "123456"
_PLACE = re.compile(
    rf"(?:(?:yes|ok|okay|please|i mean){_GAP})*(?:(?:number|no\.|nr\.|option|#) ?)?"
    rf"(?:(?P<number>[1-6])|the (?P<word>{'|'.join(_FIRST)})(?: one)?){_GAP}(?:please|thanks|thank you)?{_GAP}"
)


def assents(text: str) -> bool:
    """Whether the message begins with a yes that nothing takes back at once."""
    return _YES.match(text) is not None


def only_assents(text: str, tool: str = "", user: str = "") -> bool:
    """Whether the words say yes, and nothing besides: no condition, no question, no second wish. `tool`: the act that
    waits for it, which they may name ("yes, cancel it"); `user`: who writes, and may sign.

    `text` is the customer's own, without what it quotes. What is not known for a yes is none."""
    said = _body(text, user)
    if said is None:
        return False
    act = rf"|{_ACT[tool]}" if tool in _ACT else ""
    every = rf"{_GAP}(?>(?:and )?(?:{_FULL}|{_BESIDE}{act})(?!\w){_GAP})+"
    return re.fullmatch(every, said) is not None and re.search(rf"(?<!\w)(?:{_FULL})(?!\w)", said) is not None


def place(text: str) -> int | None:
    """Which of a numbered list the words choose, from 1, and say nothing besides; None where they do not."""
    said = _body(text)
    found = None if said is None else _PLACE.fullmatch(said.strip())
    if found is None:
        return None
    return _NUMBERS.index(found["number"]) + 1 if found["number"] else _FIRST.index(found["word"]) + 1


def _body(text: str, user: str = "") -> str | None:
    """A letter without its salutation and signature, in small letters; None where it asks something."""
    if len(text) > 5 * _LONGEST or re.search(r"[?？؟]", text):
        return None
    lines = [line for line in (plain(line).strip() for line in text.splitlines()) if line]
    lines = [line for line in lines if not _DEVICE.fullmatch(line)]
    if len(lines) > 1 and _HELLO.fullmatch(lines[0].casefold()):
        lines = lines[1:]
    if len(lines) > 2 and _GOODBYE.fullmatch(lines[-2].casefold().rstrip(",.! ")) and _is_name(lines[-1]):
        lines = lines[:-2]
    elif len(lines) > 1 and (_GOODBYE.fullmatch(lines[-1].casefold().rstrip(",.! ")) or _signs(lines[-1], user)):
        lines = lines[:-1]
    said = "\n".join(lines).casefold()
    return said if len(said) <= _LONGEST else None


def _signs(line: str, user: str) -> bool:
    """Whether the line is the writer's name, as far as the sign-in tells it."""
    return _is_name(line) and set(line.casefold().split()) <= set(re.split(r"[\W_]+", user.casefold()))


def _is_name(line: str) -> bool:
    words = line.split()
    return _NAME.fullmatch(line) is not None and all(word[0].isupper() for word in words) and not _CONTRARY.search(line)
