"""Train a small causal transformer that goes on with sentences, and export it to ONNX.

    pip install jax numpy onnx && python train.py

The sentences follow a rule: the verb agrees with the first noun in number, whatever noun stands between the two. So one
knows what a new verb has to rest on.
"""
import json
import random
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

HERE = Path(__file__).parent
NOUNS = ["farmer", "dog", "child", "pilot", "horse", "baker", "king", "student"]
PLURALS = ["farmers", "dogs", "children", "pilots", "horses", "bakers", "kings", "students"]
VERBS = [("sees", "see"), ("likes", "like"), ("follows", "follow"), ("is", "are"), ("hears", "hear")]
BETWEEN = ["near", "behind", "beside", "with"]
ADJECTIVES = ["old", "young", "tall", "quiet"]
END = "</s>"
LONGEST = 32
DIM, HEADS, DEPTH = 32, 2, 2


def noun(rng, plural):
    return rng.choice(PLURALS if plural else NOUNS)


def sentence(rng):
    plural = rng.random() < 0.5
    said = ["the", noun(rng, plural)]
    for _ in range(rng.choice([0, 1, 1, 2])):
        said += [rng.choice(BETWEEN), "the", noun(rng, rng.random() < 0.5)]
    verb = rng.choice(VERBS)
    said.append(verb[plural])
    said += [rng.choice(ADJECTIVES)] if verb[0] == "is" else ["the", noun(rng, rng.random() < 0.5)]
    return said + ["."]


def texts(count, seed):
    rng = random.Random(seed)
    return [sentence(rng) + [END] for _ in range(count)]


def coded(items, ids):
    x = np.zeros((len(items), max(map(len, items))), np.int32)
    for row, item in enumerate(items):
        x[row, :len(item)] = [ids[word] for word in item]
    return x


def initial(words, rng):
    draw = lambda *shape: rng.normal(size=shape) / np.sqrt(shape[0])
    layer = lambda: {n: draw(DIM, DIM) for n in ("query", "key", "value", "out")} | {
        "up": draw(DIM, 2 * DIM), "up_bias": np.zeros(2 * DIM), "down": draw(2 * DIM, DIM), "down_bias": np.zeros(DIM)}
    return {"embedding": rng.normal(size=(words, DIM)) * 0.3, "position": rng.normal(size=(LONGEST, DIM)) * 0.05,
            "layers": [layer() for _ in range(DEPTH)], "head": draw(DIM, words), "head_bias": np.zeros(words)}


def forward(p, x):
    length = x.shape[1]
    later = np.triu(np.ones((length, length), np.float32), 1)
    h = p["embedding"][x] + p["position"][:length]
    split = lambda v: v.reshape(*v.shape[:2], HEADS, DIM // HEADS).transpose(0, 2, 1, 3)
    for layer in p["layers"]:
        q, k, v = (split(h @ layer[n]) for n in ("query", "key", "value"))
        scores = q @ k.transpose(0, 1, 3, 2) / np.sqrt(DIM / HEADS) - 1e9 * later
        mixed = (jax.nn.softmax(scores) @ v).transpose(0, 2, 1, 3).reshape(h.shape)
        h = h + mixed @ layer["out"]
        h = h + jax.nn.relu(h @ layer["up"] + layer["up_bias"]) @ layer["down"] + layer["down_bias"]
    return h @ p["head"] + p["head_bias"]


def train(x, words, steps=1500, size=64, rate=3e-3):
    rng = np.random.default_rng(0)
    p = jax.tree.map(lambda v: jnp.asarray(v, jnp.float32), initial(words, rng))
    mean = jax.tree.map(jnp.zeros_like, p)
    spread = jax.tree.map(jnp.zeros_like, p)

    def loss(p, x):
        scores, wanted = jax.nn.log_softmax(forward(p, x[:, :-1])), x[:, 1:]
        real = wanted > 0
        return -(jnp.take_along_axis(scores, wanted[..., None], -1)[..., 0] * real).sum() / real.sum()

    @jax.jit
    def step(p, mean, spread, x, at):
        # Adam, the rate falling to nothing.
        slope = jax.grad(loss)(p, x)
        mean = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, mean, slope)
        spread = jax.tree.map(lambda s, g: 0.99 * s + 0.01 * g * g, spread, slope)
        now = rate * (1 - at / steps)
        change = lambda v, m, s: v - now * (m / (1 - 0.9 ** (at + 1))) / (jnp.sqrt(s / (1 - 0.99 ** (at + 1))) + 1e-8)
        return jax.tree.map(change, p, mean, spread), mean, spread

    for at in range(steps):
        p, mean, spread = step(p, mean, spread, x[rng.integers(0, len(x), size)], at)
    return p


def export(p, path):
    """batch × length → batch × length × words, without a cache."""
    nodes, tensors = [], []

    def constant(name, value, dtype=np.float32):
        tensors.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def op(kind, inputs, name, **attributes):
        nodes.append(helper.make_node(kind, inputs, [name], name=f"/{name}", **attributes))
        return name

    length = op("Gather", [op("Shape", ["tokens"], "shape"), constant("one", [1], np.int64)], "length", axis=0)
    zero, first = constant("zero", [0], np.int64), constant("axis0", [0], np.int64)
    position = op("Slice", [constant("position.weight", p["position"]), zero, length, first], "position")
    h = op("Add", [op("Gather", [constant("embedding.weight", p["embedding"]), "tokens"], "embedding"), position], "embedded")
    later = constant("later", -1e9 * np.triu(np.ones((LONGEST, LONGEST)), 1))
    ends = op("Concat", [length, length], "ends", axis=0)
    mask = op("Slice", [later, constant("zeros", [0, 0], np.int64), ends, constant("axes", [0, 1], np.int64)], "mask")
    heads = constant("heads", [0, 0, HEADS, DIM // HEADS], np.int64)
    joined = constant("joined", [0, 0, DIM], np.int64)
    scale = constant("scale", 1 / np.sqrt(DIM / HEADS))
    for i, layer in enumerate(p["layers"]):
        at = f"layers.{i}"
        linear = lambda x, n: op("MatMul", [x, constant(f"{at}.{n}.weight", layer[n])], f"{at}.{n}")
        split = lambda n, perm: op("Transpose", [op("Reshape", [linear(h, n), heads], f"{at}.{n}.heads")], f"{at}.{n}.split", perm=perm)
        q, k, v = split("query", [0, 2, 1, 3]), split("key", [0, 2, 3, 1]), split("value", [0, 2, 1, 3])
        scores = op("Mul", [op("MatMul", [q, k], f"{at}.scores"), scale], f"{at}.scaled")
        weights = op("Softmax", [op("Add", [scores, mask], f"{at}.masked")], f"{at}.attention", axis=-1)
        mixed = op("MatMul", [weights, v], f"{at}.mixed")
        mixed = op("Reshape", [op("Transpose", [mixed], f"{at}.rows", perm=[0, 2, 1, 3]), joined], f"{at}.joined")
        h = op("Add", [h, linear(mixed, "out")], f"{at}.attended")
        up = op("Add", [linear(h, "up"), constant(f"{at}.up.bias", layer["up_bias"])], f"{at}.up.sum")
        up = op("Relu", [up], f"{at}.relu")
        down = op("Add", [linear(up, "down"), constant(f"{at}.down.bias", layer["down_bias"])], f"{at}.down.sum")
        h = op("Add", [h, down], f"{at}.result")
    scores = op("MatMul", [h, constant("head.weight", p["head"])], "head")
    op("Add", [scores, constant("head.bias", p["head_bias"])], "logits")
    graph = helper.make_graph(nodes, "grammar", [helper.make_tensor_value_info("tokens", TensorProto.INT64, ["batch", "length"])],
                              [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", "length", len(p["head_bias"])])], tensors)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def agreement(p, items, ids):
    """How often the most probable verb agrees with the first noun; also where the last noun says otherwise."""
    forms = {form: plural for pair in VERBS for plural, form in enumerate(pair)}
    chosen = np.array([ids[form] for form in forms])
    right, misled = [], []
    for item in items:
        place = next(at for at, word in enumerate(item) if word in forms)
        scores = forward(p, jnp.asarray([[ids[word] for word in item[:place]]]))[0, -1]
        said = list(forms)[int(scores[chosen].argmax())]
        right.append(forms[said] == forms[item[place]])
        if (item[place - 1] in PLURALS) != bool(forms[item[place]]):
            misled.append(right[-1])
    return {"verbs that agree": float(np.mean(right)), "after a noun of the other number": float(np.mean(misled))}


def main():
    items = texts(20000, 1)
    names = ["<pad>", END] + sorted({word for item in items for word in item} - {END})
    ids = {name: i for i, name in enumerate(names)}
    p = train(coded(items, ids), len(names))
    print(json.dumps(agreement(p, texts(500, 2), ids)))
    export(p, HERE / "grammar.onnx")
    (HERE / "vocabulary.txt").write_text("\n".join(names) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
