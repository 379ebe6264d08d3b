"""Models of standardised rows, from those that standardise inside: python make.py FOLDER, where FOLDER/wine/model.onnx and so on are."""
import csv
import json
import shutil
import sys
from pathlib import Path

import onnx
from onnx import numpy_helper

HERE = Path(__file__).parent
for name in ("wine", "breast_cancer"):
    source = Path(sys.argv[1]) / name
    model = onnx.load(source / "model.onnx")
    graph = model.graph
    numbers = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    _, divide, first = graph.node[:3]
    assert [node.op_type for node in graph.node[:2]] == ["Sub", "Div"]
    first.input[0] = graph.input[0].name
    del graph.node[:2]
    kept = [one for one in graph.initializer if not one.name.startswith("standardise.")]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    onnx.checker.check_model(model)
    onnx.save(model, HERE / f"{name}.onnx")
    columns = next(csv.reader((source / "samples.csv").open()))[:-1]
    features = [{"name": column, "mean": float(mean), "std": float(std)}
                for column, mean, std in zip(columns, numbers["standardise.mean"].ravel(), numbers["standardise.std"].ravel())]
    settings = {"task": "tabular", "input": {"name": "features"}, "labels": f"{name}.labels.txt", "features": features,
                "output": {"name": "logits", "kind": "logits"}}
    (HERE / f"{name}.prism.json").write_text(json.dumps(settings, indent=2) + "\n")
    shutil.copy(source / "labels.txt", HERE / f"{name}.labels.txt")
    shutil.copy(source / "samples.csv", HERE / f"{name}.csv")
