"""A scikit-learn pipeline on a table becomes a container that answers as the pipeline does."""

import joblib
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import mlpack

# What a notebook ends with: a fitted model in a file, and rows like those that it will meet.
wine = load_wine(as_frame=True)
model = make_pipeline(StandardScaler(), RandomForestClassifier(n_estimators=50, random_state=0))
joblib.dump(model.fit(wine.data, wine.target), "wine.joblib")
wine.data.to_csv("rows.csv", index=False)

# A bundle: the model in ONNX, and the proof that it gives the pipeline's answers.
print(mlpack.pack("wine.joblib", "wine.mlpack", data="rows.csv"))

# An image: mlpack writes the Dockerfile, builds, starts a container, asks it, and only then gives it its name.
image = mlpack.containerize("wine.mlpack", "wine:1")
print(image)

# The container once more, against the file that we began with, on rows of our own.
print(mlpack.verify("wine.joblib", "docker://wine:1", data="rows.csv"))
print("To run it:", image.run_line)
