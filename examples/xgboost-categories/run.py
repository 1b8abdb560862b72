"""XGBoost on a table with categories and missing values, served with columns that know what they may hold."""

import joblib
import numpy as np
import pandas as pd
from xgboost import XGBClassifier

import mlpack

# Customers, made here: two columns of categories, and two of numbers, one of which is not always known.
random = np.random.default_rng(0)
customers = pd.DataFrame(
    {
        "plan": pd.Categorical(random.choice(["basic", "family", "business"], 2000)),
        "country": pd.Categorical(random.choice(["DE", "FR", "IT", "PL"], 2000)),
        "months": random.integers(1, 72, 2000),
        "income": np.where(random.random(2000) < 0.1, np.nan, random.normal(3000, 800, 2000)),
    }
)
leaves = (customers["plan"] == "basic") & (customers["months"] < 24) | (customers["income"] < 2000)
model = XGBClassifier(n_estimators=40, max_depth=4, enable_categorical=True).fit(customers, leaves)
joblib.dump(model, "churn.joblib")
customers.to_parquet("customers.parquet")

# Text goes in, as it stands in the table: the bundle knows the categories and their order.
packed = mlpack.pack("churn.joblib", "churn.mlpack", data="customers.parquet")
print(packed)
for column, values in packed.manifest["signature"]["categories"].items():
    print(f"{column}: {', '.join(values)}")

# Held against the model in this very process, on every customer, the ones without an income among them.
with mlpack.load("churn.mlpack") as session:
    answers = session.run(customers)["probabilities"]
    stranger = session.run(customers.head(1).assign(plan="platinum"))["probabilities"]
    unknown = session.run(customers.head(1).assign(plan=None))["probabilities"]
print("worst difference below 0.00001:", np.abs(answers - model.predict_proba(customers)).max() < 1e-5)
print("a plan that nobody knows counts as none:", (stranger == unknown).all())
