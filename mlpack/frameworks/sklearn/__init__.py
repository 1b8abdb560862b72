"""scikit-learn: estimators, pipelines and everything composed of them."""

from __future__ import annotations

import sys
from typing import Any

from mlpack.core.framework import InputHints, Visit
from mlpack.frameworks.sklearn.hints import input_hints
from mlpack.frameworks.sklearn.signature import infer_signature
from mlpack.frameworks.sklearn.stages import visit_stages
from mlpack.runtime.estimator import EstimatorSession
from mlpack.runtime.session import Feed, Session
from mlpack.runtime.signature import Signature


class ScikitLearn:
    """The framework ``sklearn``; its sessions are those of `mlpack.runtime.estimator`."""

    name = "sklearn"
    title = "scikit-learn"
    packages: tuple[str, ...] = ("sklearn",)
    library = "sklearn"
    distribution = "scikit-learn"
    extra = "sklearn"

    def recognises(self, model: Any) -> bool:
        """Whether ``model`` is an estimator, of scikit-learn itself or derived from it by the user."""
        root = type(model).__module__.partition(".")[0]
        if root in {"xgboost", "lightgbm"}:
            return False
        base = getattr(sys.modules.get("sklearn.base"), "BaseEstimator", None)
        return root == "sklearn" or (base is not None and isinstance(model, base))

    def signature(self, model: Any, sample: Feed | None = None) -> Signature:
        """Inputs from the columns the model was fitted with, outputs from its answer to two rows.

        Raises NoRouteError for what is not fitted or cannot predict, UsageError where only a sample could tell.
        """
        return infer_signature(model, sample)

    def session(self, model: Any, signature: Signature) -> Session:
        """Open ``model`` as it is."""
        return EstimatorSession(model, signature)

    def hints(self, model: Any, signature: Signature) -> InputHints:
        """Thresholds, centres, categories and stored rows, in the units of the raw input."""
        return input_hints(model, signature)

    def stages(self, model: Any, signature: Signature, feed: Feed, visit: Visit) -> None:
        """Visit the output of each pipeline step, and of each branch of a ColumnTransformer or FeatureUnion."""
        visit_stages(model, signature, feed, visit)

    def in_double(self, model: Any, signature: Signature) -> Session | None:  # noqa: ARG002
        """None: scikit-learn computes in float64 already."""
        return None


FRAMEWORK = ScikitLearn()
