"""Measure how the index grows: `python -m scripts.measure_growth ../shared/data/helpcentres --engine edge 1000 10000`.

Searches and fusion without the embedding, in a process of its own for each number of passages: a line of JSON for each.
Beyond the passages that the help centres of the folder have, copies of them with noise of length .3 added to their
vectors are indexed; their words are the same. The questions are those of the last help centre by name.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from knowledge import passages, sparse
from knowledge.embedder import Vectors, load_embedder
from knowledge.engine import Point
from knowledge.evaluation import read_questions
from knowledge.fusion import fused
from knowledge.helpcentre import read_helpcentre
from knowledge.index import CANDIDATES, open_engine
from knowledge.location import Location
from knowledge.sparse import SparseVector

NOISE = 0.3
BATCH = 500


@dataclass(frozen=True)
class Material:
    points: tuple[Point, ...]
    questions: tuple[tuple[Vectors, SparseVector], ...]


def read(folder: Path, most: int) -> Material:
    """The first `most` passages of all help centres of the folder."""
    embedder = load_embedder()
    files = sorted(folder.glob("*.articles.jsonl"))
    cut = [
        passage
        for file in files
        for article in read_helpcentre(file).articles
        for passage in passages.split(f"{file.stem}/{article.id}", article.title, article.text)
    ][:most]
    rows = embedder.spans([passage.in_context for passage in cut])
    points = [
        Point(
            id=str(uuid.UUID(int=n)),
            dense=vectors[0],
            spans=vectors[1:] if len(vectors) > 1 else vectors,
            words=sparse.passage_vector(passage.in_context),
            payload={"article": passage.article, "version": "", "siblings": 1, "passage": passage.id,
                     "title": passage.title, "heading": passage.heading, "text": passage.text},
        )
        for n, (passage, vectors) in enumerate(zip(cut, rows, strict=True))
    ]  # fmt: skip
    name = files[-1].name.removesuffix(".articles.jsonl")
    asked = [question.query for question in read_questions(folder / f"{name}.queries.jsonl")]
    questions = [(embedder.encode([query])[0], sparse.query_vector(query)) for query in asked]
    return Material(tuple(points), tuple(questions))


def grown(points: Sequence[Point], count: int) -> Iterator[Point]:
    """`count` points: these, then noisy copies of them, the same ones each time."""
    noise = np.random.default_rng(1)
    for n in range(count):
        point = points[n % len(points)]
        if n < len(points):
            yield point
            continue
        copy = n // len(points)
        payload = point.payload | {key: f"{point.payload[key]}-{copy}" for key in ("article", "passage")}
        dense, *spans = (_noisy(row, noise) for row in (point.dense, *point.spans))
        yield replace(point, id=str(uuid.UUID(int=n)), dense=dense, spans=np.stack(spans), payload=payload)


def _noisy(row: Vectors, noise: np.random.Generator) -> Vectors:
    moved = row + noise.standard_normal(len(row)).astype(np.float32) * (NOISE / len(row) ** 0.5)
    return moved / np.linalg.norm(moved)


def memory() -> int:
    """The process's megabytes, with what of files is mapped."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1_000_000


def measured(material: Material, count: int, engine: Any) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        before = memory()
        opened = open_engine(Location(folder=Path(folder), engine=engine))
        opened.prepare("growth", len(material.points[0].dense))
        begun = time.perf_counter()
        batch: list[Point] = []
        for point in grown(material.points, count):
            batch.append(point)
            if len(batch) == BATCH:
                opened.change("growth", batch)
                batch = []
        if batch:
            opened.change("growth", batch)
        written = time.perf_counter()
        opened.publish("growth")
        fast = time.perf_counter()
        walls: list[float] = []
        busy: list[float] = []
        for vector, words in material.questions:
            wall, cpu = time.perf_counter(), time.process_time()
            fused(vector, *opened.nearest(vector, words, CANDIDATES))
            walls.append((time.perf_counter() - wall) * 1_000)
            busy.append((time.process_time() - cpu) * 1_000)
        after = memory()
        opened.close()
        disk = sum(path.stat().st_blocks * 512 for path in Path(folder).rglob("*") if path.is_file()) // 1_000_000
    return {
        "engine": engine,
        "passages": count,
        "questions": len(walls),
        "p50_ms": round(statistics.median(walls), 1),
        "p95_ms": round(statistics.quantiles(walls, n=20)[-1], 1),
        "processor_ms": round(statistics.median(busy), 1),
        "memory_mb": after,
        "memory_before_mb": before,
        "disk_mb": disk,
        "written_s": round(written - begun, 1),
        "made_fast_s": round(fast - written, 1),
        "load": round(os.getloadavg()[0], 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("counts", type=int, nargs="*", default=[1_000, 10_000, 100_000])
    parser.add_argument("--engine", choices=["edge", "python"], default="edge")
    arguments = parser.parse_args()
    if len(arguments.counts) > 1:
        # What one leaves behind in memory must not count for the next.
        for count in arguments.counts:
            command = [sys.executable, "-m", "scripts.measure_growth", str(arguments.folder), str(count)]
            subprocess.run([*command, "--engine", arguments.engine], check=True)
        return
    (count,) = arguments.counts
    print(json.dumps(measured(read(arguments.folder, count), count, arguments.engine)), flush=True)


if __name__ == "__main__":
    main()
