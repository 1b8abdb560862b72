"""Text: bags of words and tf-idf.

The tokenizer and the n-gram counter are operators of ONNX Runtime (com.microsoft) and ONNX; what follows is float64.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mlpack.converters.sklearn_to_onnx.emission import Table, numbers, transforms, unsupported
from mlpack.converters.sklearn_to_onnx.emit.scaling import normalized
from mlpack.graph.writer import GraphWriter

_DEFAULT_PATTERN = r"(?u)\b\w\w+\b"
_WORD = r"[\p{L}\p{N}_]"
"""What Python's ``\\w`` matches, in the words of RE2, whose own ``\\w`` is ASCII only."""

_PATTERNS = {
    _DEFAULT_PATTERN: _WORD + "{2,}",
    r"(?u)\b\w+\b": _WORD + "+",
    r"\w+": _WORD + "+",
    r"\b\w+\b": _WORD + "+",
}
_PADDING = "\x00"
_LOCALE = "C.UTF-8"
"""Every glibc has it, where ``en_US`` is missing from most container images."""


@transforms("CountVectorizer")
def emit_counts(graph: GraphWriter, model: Any, table: Table) -> Table:
    """How often each term of the vocabulary occurs in a text."""
    _check(model)
    (block,) = table.blocks
    text = graph.reshape(block.tensor, (-1,))
    if model.lowercase:
        text = graph.node("StringNormalizer", text, case_change_action="LOWER", locale=_LOCALE, is_case_sensitive=1)
    pattern = _PATTERNS[model.token_pattern]
    words = graph.node(
        "Tokenizer", text, domain="com.microsoft", mark=0, mincharnum=1, pad_value=_PADDING, tokenexp=pattern
    )
    counts = graph.node("TfIdfVectorizer", words, **_vocabulary(model))
    counts = graph.cast(counts, "float64")
    if model.binary:
        counts = graph.cast(graph.node("Greater", counts, graph.constant(0.0)), "float64")
    return numbers(counts, len(model.vocabulary_))


@transforms("TfidfTransformer")
def emit_weights(graph: GraphWriter, model: Any, table: Table) -> Table:
    """Counts (or one plus their logarithm) times the inverse document frequency, normalised."""
    counts = table.matrix(graph)
    if model.sublinear_tf:
        positive = graph.node("Greater", counts, graph.constant(0.0))
        filled = graph.node("Where", positive, counts, graph.constant(1.0))
        damped = graph.node("Add", graph.node("Log", filled), graph.constant(1.0))
        counts = graph.node("Where", positive, damped, counts)
    if model.use_idf:
        counts = graph.node("Mul", counts, graph.constant(np.asarray(model.idf_, dtype=np.float64).reshape(1, -1)))
    return numbers(normalized(graph, counts, model.norm) if model.norm else counts, table.width)


@transforms("TfidfVectorizer")
def emit_weighted_counts(graph: GraphWriter, model: Any, table: Table) -> Table:
    """Counts, then weights."""
    return emit_weights(graph, model._tfidf, emit_counts(graph, model, table))


def _check(model: Any) -> None:
    """Refuse what is Python code, and patterns that mean something else to RE2."""
    if model.analyzer != "word" or model.tokenizer is not None or model.preprocessor is not None:
        raise unsupported(model, "it splits texts with an analyzer of its own (analyzer, tokenizer or preprocessor)")
    if model.token_pattern not in _PATTERNS:
        raise unsupported(model, f"its token_pattern {model.token_pattern!r} may mean something else in ONNX")
    if model.strip_accents:
        raise unsupported(model, "it strips accents, for which ONNX has no operator")


def _vocabulary(model: Any) -> dict[str, Any]:
    """The attributes of TfIdfVectorizer: n-grams in one pool, shorter ones first, each with its output column."""
    low, high = model.ngram_range
    if model.stop_words and high > 1:
        raise unsupported(model, "it leaves out stop words before joining words, for which ONNX has no operator")
    grams = sorted(
        ((term.split(" "), int(at)) for term, at in model.vocabulary_.items()), key=lambda gram: len(gram[0])
    )
    lengths = [len(words) for words, _ in grams]
    starts = [sum(other for other in lengths if other < length) for length in range(1, high + 1)]
    pool: list[str] = []
    for words, _ in grams:
        pool += words
    return {
        "mode": "TF", "min_gram_length": low, "max_gram_length": high, "max_skip_count": 0, "ngram_counts": starts,
        "ngram_indexes": [at for _, at in grams], "pool_strings": pool,
    }  # fmt: skip
