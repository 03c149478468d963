"""Measure retrieval on help centres: `python -m scripts.measure_retrieval ../shared/data/helpcentres`.

Each `NAME.articles.jsonl` of the folder with its `NAME.queries.jsonl`: a line of JSON for each, with how many questions
there were and how many of them Lee would say it can answer (`confident`).
"""

import argparse
import json
from pathlib import Path

from knowledge.embedder import BUNDLED_MODEL, load_embedder
from knowledge.evaluation import evaluate, read_questions
from knowledge.helpcentre import read_helpcentre


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default=BUNDLED_MODEL)
    arguments = parser.parse_args()
    for articles in sorted(arguments.folder.glob("*.articles.jsonl")):
        name = articles.name.removesuffix(".articles.jsonl")
        questions = read_questions(articles.with_name(f"{name}.queries.jsonl"))
        found = evaluate(read_helpcentre(articles).articles, questions, load_embedder(arguments.model))
        confident = round(found.confident / len(questions), 3)
        print(json.dumps({"help_centre": name, "queries": len(questions), **found.told(), "confident": confident}))


if __name__ == "__main__":
    main()
