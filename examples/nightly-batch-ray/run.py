"""Each night's patients are scored by a Ray cluster; a night that was interrupted goes on where it ended."""

from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import HistGradientBoostingClassifier

import mlpack

cancer = load_breast_cancer(as_frame=True)
model = HistGradientBoostingClassifier(max_iter=50, random_state=0).fit(cancer.data, cancer.target)
joblib.dump(model, "cancer.joblib")
print(mlpack.pack("cancer.joblib", "cancer.mlpack", data=cancer.data))

# What the day brought: four files of 25,000 measurements, as another program would have written them.
random = np.random.default_rng(0)
Path("rows").mkdir(exist_ok=True)
for part in range(4):
    day = cancer.data.sample(25_000, replace=True, random_state=part) * random.normal(1, 0.02, (25_000, 30))
    day.insert(0, "patient", np.arange(25_000) + part * 25_000)
    day.to_parquet(f"rows/part-{part}.parquet", index=False)

# address="HOST:6379" is the cluster; without one, Ray starts on this machine and takes its processors.
night = mlpack.batch("cancer.mlpack", "rows/*.parquet", "answers", engine="ray", keep=["patient"], resume=True)
print(night)

answers = pd.read_parquet("answers")
print("each patient once:", sorted(answers["patient"]) == list(range(100_000)))
days = pd.concat(pd.read_parquet(f"rows/part-{part}.parquet") for part in range(4)).set_index("patient")
expected = model.predict(days.loc[answers["patient"]])
print("the model's own labels:", bool((answers["label"] == expected).all()))
