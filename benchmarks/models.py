"""Real models as plain pickles: trees, boosting, vocabularies, and lists of Python's own."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any


def forests() -> dict[str, Any]:
    """A hundred trees each, of three sizes."""
    from sklearn.datasets import load_breast_cancer, load_digits, make_classification
    from sklearn.ensemble import RandomForestClassifier

    data = {
        "forest, breast cancer": load_breast_cancer(return_X_y=True),
        "forest, digits": load_digits(return_X_y=True),
        "forest, 20,000 × 30": make_classification(20_000, 30, n_informative=12, random_state=0),
    }
    return {name: RandomForestClassifier(100, random_state=0).fit(*rows) for name, rows in data.items()}


def others() -> dict[str, Any]:
    """What is no forest."""
    from lightgbm import LGBMClassifier
    from sklearn.datasets import load_breast_cancer
    from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier
    from sklearn.feature_extraction.text import TfidfVectorizer
    from xgboost import XGBClassifier

    rows = load_breast_cancer(return_X_y=True)
    words = [f"{first}{second}" for first in range(300) for second in "abcdefghijklmnopqrstuvwxyz" * 4]
    texts = [" ".join(words[at : at + 40]) + f" own{at}" for at in range(0, len(words), 2)]
    return {
        "gradient boosting": GradientBoostingClassifier(random_state=0).fit(*rows),
        "histogram boosting": HistGradientBoostingClassifier(random_state=0).fit(*rows),
        "XGBoost": XGBClassifier(n_estimators=100).fit(*rows),
        "LightGBM": LGBMClassifier(n_estimators=100, verbose=-1).fit(*rows),
        "vocabulary": TfidfVectorizer(ngram_range=(1, 2)).fit(texts),
        "lists": {
            "rows": [list(row) for row in rows[0].tolist() * 20],
            "labels": [f"label {label}" for label in range(10_000)],
        },
    }


def write_models(folder: Path) -> None:
    """``NAME.pkl`` for each, as ``pickle.dump`` writes it unless told otherwise."""
    for name, model in {**forests(), **others()}.items():
        (folder / f"{name}.pkl").write_bytes(pickle.dumps(model))
