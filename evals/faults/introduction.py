"""What docs/faults.md says before its tables."""

from __future__ import annotations

from typing import Final

INTRODUCTION: Final = """# Faults: every tool, every failure of Stripe, every death

What becomes of a ticket when Stripe times out, answers with an error or with rubbish, drops the connection or rejects
the key, and when Lee's process dies on top of that. Made by `make faults`, which plays every cell; `make prove` plays
them all again and compares; `make test` plays a sample, and holds the page to the lists of tools and faults.

## How to read it

Each cell is one ticket of the demo company through the whole house: turn, gate, ledger, Stripe's SDK and the sandbox.
Only the model is scripted, so that it does the same thing each time. A first life of the process meets the fault; a
second one, started three minutes later in good weather, finishes what is left. Then the *whole* sandbox world is
compared with what it was. A cell says two things:

- **How many effects the world shows**: `1` or `0`. `?` would be two, or another one than was asked for. A private
  page counts when its link reached the customer, a label on an object does not count.
- **What the customer has read about it in the end**. `done` and `not done` are the ledger's sentences, and they are
  true of the world. `not known` is "I do not know yet whether it went through …": it was true when it was said, the
  next start found the outcome, and the human who has the case sees it. `not said`: nothing since they were told that
  a colleague has to approve it; that colleague sees what became of it.
- **+** means that a human has the case, with everything that is known.

A cell is `WRONG` when there is more than one effect, when a word to the customer is not true of the world, when the
ledger does not know the outcome after the next start, when an event of the world belongs to nothing that was asked
for, or when the ticket ended with neither a reply nor a human.

The faults are those of [`sandbox/faults.py`](../sandbox/faults.py): `…_before` means that Stripe did not execute the
request, `…_after`, `cut`, `garbled` and `bad_gateway` that it did and the answer is lost. When they strike:

- *while facts are read*: every request fails from the beginning until the next start;
- *once*: the request that makes the effect fails once, whenever it is sent;
- *from the effect on*: that request and every later one, until the next start;
- *once, death at …*: and the process dies at that point of [the gate](../policy/crash_points.py): `facts_read` before
  anything is written; `reserved` and `sending` before the request leaves; `answered` after Stripe has answered and
  before the ledger knows; `settled` before the customer knows. A fault that was not met before the death is met after
  it.

There the process dies inside one program: nothing after that point runs. In the row `sigkill` Stripe is well, and a
process of its own with the workflow engine (DBOS) is killed by signal 9 at that point, then started again.
"""

TOLD: Final = """## What the customer reads

`done` is the ledger's sentence about what was made, with amount and card or date. `not done` ends a longer reply. `not
known` goes on: "… {rest}"
"""

READING: Final = """## Tools that read

Nothing changes in the world. What could not be read is not answered, and a human has it; what is answered is word for
word what good weather gives. *once*: the first request fails. *lasting*: every request does. The process dies before
the tool is called, or when its result is there and the customer knows nothing yet.
"""
