"""Models of JAX as a paused program holds them, exported by the real jax2onnx and run by onnxruntime.

Needs jax, flax, optax, equinox, jax2onnx and onnxruntime, which the project itself does not: run it by a Python that has
them. That each call is chosen and nothing is changed, debuggee_test.py tests without them.
"""
import base64
import functools
import json
import struct
import unittest
from pathlib import Path

import equinox
import flax.linen as linen
import jax
import jax.numpy as jnp
import numpy as np
import onnxruntime
import optax
from flax import nnx
from flax.training import train_state

SOURCES = Path(__file__).resolve().parents[2] / "media" / "python"


def ask(what, *arguments):
    names = {"__name__": "model_prism"}
    for file in ("view.py", "parts.py", "live.py", "frameworks.py", "jax_models.py"):
        exec((SOURCES / file).read_text(), names)
    data = base64.b64decode(names["answer"]("ticket", names[what], *arguments))
    (size,) = struct.unpack_from("<I", data)
    return json.loads(data[4 : 4 + size]), data[4 + size :]


class Nnx(nnx.Module):
    def __init__(self, rngs):
        self.conv = nnx.Conv(3, 8, (3, 3), rngs=rngs)
        self.norm = nnx.BatchNorm(8, rngs=rngs)
        self.drop = nnx.Dropout(0.5, rngs=rngs)
        self.fc = nnx.Linear(8, 5, rngs=rngs)

    def __call__(self, x):
        return self.fc(self.drop(nnx.relu(self.norm(self.conv(x))).mean((1, 2))))


class Linen(linen.Module):
    @linen.compact
    def __call__(self, x, train=True):
        x = linen.relu(linen.BatchNorm(use_running_average=not train)(linen.Conv(8, (3, 3))(x)))
        return linen.Dense(5)(linen.Dropout(0.5, deterministic=not train)(x.mean((1, 2))))


class State(train_state.TrainState):
    batch_stats: dict


class Equinox(equinox.Module):
    conv: equinox.nn.Conv2d
    drop: equinox.nn.Dropout
    fc: equinox.nn.Linear

    def __init__(self, key):
        a, b = jax.random.split(key)
        self.conv, self.fc = equinox.nn.Conv2d(3, 8, 3, key=a), equinox.nn.Linear(8, 5, key=b)
        self.drop = equinox.nn.Dropout(0.5)

    def __call__(self, x, key):
        return self.fc(self.drop(jax.nn.relu(self.conv(x)).mean((1, 2)), key=key))


class Exporting(unittest.TestCase):
    x = jax.random.normal(jax.random.key(7), (4, 8, 8, 3))

    def exported(self, model, x, space=None):
        scopes = [{"x": x, **(space or {})}, {}]
        header, _ = ask("scope", scopes, model)
        self.assertTrue(header["module"], header)
        self.assertIn({"expression": "x", "shape": list(x.shape), "computed": False}, header["tensors"])
        header, data = ask("export", model, x, {"item": 2}, scopes)
        self.assertNotIn("error", header, header)
        self.assertTrue(header["framework"].startswith("jax "))
        return onnxruntime.InferenceSession(data).run(None, {"input": np.asarray(x[2:3])})[0]

    def test_nnx(self):
        model = Nnx(nnx.Rngs(0))
        model(self.x)
        twin = nnx.clone(model)
        twin.eval()
        before = jax.tree.leaves(nnx.state(model))
        np.testing.assert_allclose(self.exported(model, self.x), twin(self.x[2:3]), atol=1e-5)
        self.assertFalse(model.norm.use_running_average or model.drop.deterministic)
        after = jax.tree.leaves(nnx.state(model))
        self.assertTrue(all(bool((a == b).all()) for a, b in zip(before, after, strict=True)))

    def test_linen(self):
        model = Linen()
        variables = model.init(jax.random.key(0), self.x, train=False)
        expected = model.apply(variables, self.x[2:3], train=False)
        state = State.create(apply_fn=model.apply, tx=optax.sgd(0.1), **variables)
        other = linen.Dense(3)
        others = other.init(jax.random.key(1), jnp.zeros((1, 9)))
        for space in (
            {"variables": variables},
            {"params": variables["params"], "batch_stats": variables["batch_stats"]},
            {"state": state},
            # Weights of another module do not fit.
            {"others": others, "variables": variables},
        ):
            np.testing.assert_allclose(self.exported(model, self.x, space), expected, atol=1e-5, err_msg=f"{list(space)}")
        np.testing.assert_allclose(self.exported(model.bind(variables), self.x), expected, atol=1e-5)
        np.testing.assert_allclose(self.exported(state, self.x), expected, atol=1e-5)
        error = ask("export", model, self.x, {}, [{}, {}])[0]["error"]
        self.assertEqual(error["code"], "NO_WEIGHTS")
        error = ask("export", model, self.x, {}, [{"others": others}, {}])[0]["error"]
        self.assertEqual(error["code"], "MODULE_NOT_RUN")

    def test_equinox(self):
        model = Equinox(jax.random.key(0))
        x = self.x.transpose(0, 3, 1, 2)
        expected = jax.vmap(lambda one: equinox.nn.inference_mode(model)(one, None))(x[2:3])
        np.testing.assert_allclose(self.exported(model, x), expected, atol=1e-5)
        self.assertFalse(model.drop.inference)

    def test_functions(self):
        def predict(weights, x):
            return jnp.tanh(x.reshape(x.shape[0], -1) @ weights["w"] + weights["b"])

        weights = {"w": jax.random.normal(jax.random.key(3), (192, 5)), "b": jnp.ones(5)}
        expected = predict(weights, self.x[2:3])
        for function in (functools.partial(predict, weights), jax.jit(lambda x: predict(weights, x))):
            np.testing.assert_allclose(self.exported(function, self.x), expected, atol=1e-4)

    def test_nothing_of_jax_changes(self):
        jax.config.update("jax_enable_x64", True)
        try:
            before = dict(jax.config.values)
            self.exported(Nnx(nnx.Rngs(0)), self.x)
            self.assertEqual(before, dict(jax.config.values))
        finally:
            jax.config.update("jax_enable_x64", False)


if __name__ == "__main__":
    unittest.main(verbosity=2)
