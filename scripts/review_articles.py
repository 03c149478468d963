"""Write down what the shipped articles rest on today, for those that somebody has just reviewed.

`python -m scripts.review_articles ID…` (or `--all`) renews their entries in `knowledge/reviews.json`. Whoever runs it
has read the articles: `lee knowledge stale` compares with it from then on. Set `provenance.reviewed` there too.
"""

from __future__ import annotations

import argparse

from app.reviewing import world
from knowledge.articles import read_articles
from knowledge.staleness import SHIPPED_REVIEWS, Review, rests_on, write_review
from policy.limits import load_limits


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("articles", nargs="*")
    parser.add_argument("--all", action="store_true")
    wanted = parser.parse_args()
    today = world(load_limits())
    for article in read_articles():
        if wanted.all or article.id in wanted.articles:
            vouched = article.provenance
            review = Review(reviewed=vouched.reviewed, by=vouched.author_role, rests_on=rests_on(article, today))
            write_review(SHIPPED_REVIEWS, article.id, review)
            print(f"{article.id}: rests on {len(review.rests_on)} facts")


if __name__ == "__main__":
    main()
