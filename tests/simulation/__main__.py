"""`python -m tests.simulation --seed N` replays a seed and prints its steps; `--seeds A B` plays many."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from tests.databases import SqliteFiles
from tests.simulation.run import explained, play
from tests.simulation.schedule import schedule


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--seeds", type=int, nargs=2, metavar=("FIRST", "LAST"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        databases = SqliteFiles(Path(folder))
        if options.seed is not None:
            found = play(options.seed, databases)
            print(*map(str, schedule(options.seed)), "", *found.said, "", sep="\n")
            print(explained(found, databases) if found.violation else f"all is well: {dict(found.tally)}")
            return int(found.violation is not None)
        first, last = options.seeds or (0, 99)
        runs = [play(seed, databases) for seed in range(first, last + 1)]
    bad = [each for each in runs if each.violation is not None]
    for each in bad:
        print(f"seed {each.seed}: {each.violation}")
    print(
        f"{len(bad)} of {len(runs)} seeds fail: {dict(sum((each.tally for each in runs), start=type(runs[0].tally)()))}"
    )
    return int(bool(bad))


if __name__ == "__main__":
    raise SystemExit(main())
