"""Makes the case: a pipeline of scikit-learn, exported by skl2onnx with an input for every column.

The data are drawn here. Needs scikit-learn, skl2onnx, pandas and onnxruntime.
"""

import json

import numpy
import pandas
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, Int64TensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

random = numpy.random.default_rng(5)
count = 400
rows = pandas.DataFrame(
    {
        "age": random.uniform(18, 80, count).astype(numpy.float32),
        "visits": random.integers(0, 12, count),
        "colour": random.choice(["red", "green", "blue"], count),
        "size": random.choice(["S", "M", "L"], count),
    }
)
chosen = (rows.age > 45) ^ (rows.colour == "red") | (rows.visits > 9)
model = Pipeline(
    [
        (
            "columns",
            ColumnTransformer(
                [("numbers", StandardScaler(), ["age", "visits"]), ("words", OneHotEncoder(), ["colour", "size"])]
            ),
        ),
        ("trees", GradientBoostingClassifier(n_estimators=8, max_depth=3, random_state=0)),
    ]
).fit(rows, chosen)
inputs = [
    ("age", FloatTensorType([None, 1])),
    ("visits", Int64TensorType([None, 1])),
    ("colour", StringTensorType([None, 1])),
    ("size", StringTensorType([None, 1])),
]
exported = to_onnx(model, initial_types=inputs, options={"zipmap": False}, target_opset={"": 17, "ai.onnx.ml": 3})
open("model.onnx", "wb").write(exported.SerializeToString())
some = rows.head(6)
expected = [
    {"row": {name: str(value) for name, value in row.items()}, "probabilities": list(map(float, shares))}
    for (_, row), shares in zip(some.iterrows(), model.predict_proba(some))
]
json.dump(expected, open("expected.json", "w"), indent=1)
