"""Exports the models beside this file, by Keras 3 itself and, as Keras 2, by tf2onnx.

    pip install tensorflow-cpu==2.21.0 keras==3.15.1 tf_keras==2.21.0 tf2onnx==1.17.0 onnx==1.23.2
    python make.py keras3; TF_USE_LEGACY_KERAS=1 python make.py keras2
"""
import importlib
import sys

import tensorflow as tf

form = sys.argv[1]
for name in ("functional", "named", "sequential", "subclassed"):
    tf.keras.backend.clear_session()
    tf.keras.utils.set_random_seed(1)
    model = importlib.import_module(name).build()
    model(tf.zeros((1, 16, 16, 3)))
    path = f"{name}.{form}.onnx"
    if form == "keras3":
        model.export(path, format="onnx", verbose=False)
    else:
        import tf2onnx

        spec = [tf.TensorSpec((None, 16, 16, 3), tf.float32, name="image")]
        tf2onnx.convert.from_keras(model, spec, opset=17, output_path=path)
