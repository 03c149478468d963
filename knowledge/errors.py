"""What can go wrong with articles, the index and the model, in sentences that say who mends it how."""


class KnowledgeError(Exception):
    """Knowledge cannot be used. `code` is stable; the message is one plain sentence for the operator."""

    code = "knowledge_error"


class ArticleRefused(KnowledgeError):
    """An article is not fit to be published: unreadable front matter, an unknown key, no provenance."""

    code = "article_refused"

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"Article {where} is refused: {why}.")
        self.where = where
        self.why = why


class EmbeddingModelUnavailable(KnowledgeError):
    """The embedding model cannot be loaded."""

    code = "embedding_model_unavailable"

    def __init__(self, model: str, why: str) -> None:
        super().__init__(f"The embedding model {model} cannot be loaded: {why}.")
        self.model = model


class IndexUnavailable(KnowledgeError):
    """The index cannot be reached now; trying later may help."""

    code = "index_unavailable"

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"The knowledge index at {where} cannot be reached: {why}.")


class IndexBusy(IndexUnavailable):
    """Another process has the index folder open; a folder has one opener at a time."""

    code = "index_busy"

    def __init__(self, where: str) -> None:
        super().__init__(where, "another process has it open, stop that one or use a Qdrant server by URL")


class IndexCorrupt(KnowledgeError):
    """The stored index cannot be read; articles are its source, so it can be built anew."""

    code = "index_corrupt"

    def __init__(self, where: str, why: str) -> None:
        super().__init__(
            f"The knowledge index at {where} cannot be read ({why}): delete it and run `lee knowledge index`."
        )


class IndexMissing(KnowledgeError):
    """Nothing has been indexed yet."""

    code = "index_missing"

    def __init__(self, where: str) -> None:
        super().__init__(f"There is no knowledge index at {where} yet: run `lee knowledge index`.")


class IndexOutdated(KnowledgeError):
    """The index was made with another embedding model or another way of cutting."""

    code = "index_outdated"

    def __init__(self) -> None:
        super().__init__("The knowledge index was made in another way: run `lee knowledge index`.")
