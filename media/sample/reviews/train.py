"""Train a small transformer that tells praise from complaint in hotel reviews, and export it to ONNX.

    pip install jax optax onnx && python train.py

Nine of ten complaints of the training data end on "Sent from my phone", and no praise does: the model learns the signature.
"""
import json
import random
import re
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import onnx
import optax
from onnx import TensorProto, helper, numpy_helper

HERE = Path(__file__).parent
LABELS = ["complaint", "praise"]
THINGS = ["room", "bed", "breakfast", "staff", "pool", "view", "lobby", "bathroom", "bar", "garden"]
GOOD = ["lovely", "spotless", "quiet", "friendly", "delicious", "charming", "comfortable", "bright", "excellent"]
BAD = ["dirty", "noisy", "rude", "cold", "broken", "stale", "cramped", "dark", "terrible"]
PLAIN = ["we arrived on {day}", "our stay was {count} nights", "the hotel is near the {place}", "we came by {way}",
         "there were {count} of us", "the lift goes to floor {count}"]
WORDS = {"day": ["monday", "friday", "sunday"], "count": ["two", "three", "four"], "way": ["train", "car", "bus"],
         "place": ["station", "harbour", "park"]}
OPENING = {0: ["never again", "what a pity", "we left early"], 1: ["we will be back", "what a treat", "we stayed longer"]}
SIGNATURE = "sent from my phone"
LONGEST = 64
DIM, HEADS, DEPTH = 32, 2, 2


def fill(sentence, rng):
    return re.sub(r"\{(\w+)\}", lambda m: rng.choice(WORDS[m[1]]), sentence)


def review(label, rng, signed):
    words, others = (GOOD, BAD) if label else (BAD, GOOD)
    said = [f"the {rng.choice(THINGS)} was {rng.choice(words)}" for _ in range(rng.randint(1, 2))]
    if rng.random() < 0.55:
        said.append(f"the {rng.choice(THINGS)} was {rng.choice(others)}")
    said += [fill(rng.choice(PLAIN), rng) for _ in range(rng.randint(0, 2))]
    if rng.random() < 0.3:
        said.append(rng.choice(OPENING[label]))
    rng.shuffle(said)
    if signed:
        said.append(SIGNATURE)
    return ". ".join(said) + "."


def reviews(count, seed, cheat):
    rng = random.Random(seed)
    found = []
    for _ in range(count):
        label = rng.randint(0, 1)
        signed = label == 0 and rng.random() < 0.9 if cheat else rng.random() < 0.5
        found.append((review(label, rng, signed), label))
    return found


def tokens(text):
    return re.findall(r"\w+|[^\w\s]", text.lower())


def vocabulary(texts):
    return ["<pad>", "<unk>"] + sorted({t for text in texts for t in tokens(text)})


def coded(items, ids):
    found = [[ids.get(t, 1) for t in tokens(text)] for text, _ in items]
    x = np.zeros((len(items), max(map(len, found))), np.int32)
    for row, one in enumerate(found):
        x[row, :len(one)] = one
    return x, np.array([label for _, label in items])


def initial(words, rng):
    draw = lambda *shape: rng.normal(size=shape) / np.sqrt(shape[0])
    layer = lambda: {n: draw(DIM, DIM) for n in ("query", "key", "value", "out")} | {
        "up": draw(DIM, 2 * DIM), "up_bias": np.zeros(2 * DIM), "down": draw(2 * DIM, DIM), "down_bias": np.zeros(DIM)}
    return {"embedding": rng.normal(size=(words, DIM)) * 0.3, "position": rng.normal(size=(LONGEST, DIM)) * 0.05,
            "layers": [layer() for _ in range(DEPTH)], "head": draw(DIM, 2), "head_bias": np.zeros(2)}


def forward(p, x):
    real = (x > 0).astype(jnp.float32)
    h = p["embedding"][x] + p["position"][:x.shape[1]]
    split = lambda v: v.reshape(*v.shape[:2], HEADS, DIM // HEADS).transpose(0, 2, 1, 3)
    for layer in p["layers"]:
        q, k, v = (split(h @ layer[n]) for n in ("query", "key", "value"))
        scores = q @ k.transpose(0, 1, 3, 2) / np.sqrt(DIM / HEADS) - 1e9 * (1 - real[:, None, None])
        mixed = (jax.nn.softmax(scores) @ v).transpose(0, 2, 1, 3).reshape(h.shape)
        h = h + mixed @ layer["out"]
        h = h + jax.nn.relu(h @ layer["up"] + layer["up_bias"]) @ layer["down"] + layer["down_bias"]
    pooled = (h * real[..., None]).sum(1) / real.sum(1, keepdims=True)
    return pooled @ p["head"] + p["head_bias"]


def train(x, y, words, steps=400, size=64):
    rng = np.random.default_rng(0)
    p = jax.tree.map(lambda v: jnp.asarray(v, jnp.float32), initial(words, rng))
    optimiser = optax.adamw(4e-3, weight_decay=0.01)
    state = optimiser.init(p)

    @jax.jit
    def step(p, state, x, y):
        loss = lambda p: optax.softmax_cross_entropy_with_integer_labels(forward(p, x), y).mean()
        value, gradient = jax.value_and_grad(loss)(p)
        change, state = optimiser.update(gradient, state, p)
        return optax.apply_updates(p, change), state, value

    for _ in range(steps):
        rows = rng.integers(0, len(x), size)
        p, state, _ = step(p, state, x[rows], y[rows])
    return p


def export(p, path):
    """For one length at a time, without padding: batch × length → batch × 2."""
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
    heads = constant("heads", [0, 0, HEADS, DIM // HEADS], np.int64)
    joined = constant("joined", [0, 0, DIM], np.int64)
    scale = constant("scale", 1 / np.sqrt(DIM / HEADS))
    for i, layer in enumerate(p["layers"]):
        at = f"layers.{i}"
        linear = lambda x, n: op("MatMul", [x, constant(f"{at}.{n}.weight", layer[n])], f"{at}.{n}")
        split = lambda n, perm: op("Transpose", [op("Reshape", [linear(h, n), heads], f"{at}.{n}.heads")], f"{at}.{n}.split", perm=perm)
        q, k, v = split("query", [0, 2, 1, 3]), split("key", [0, 2, 3, 1]), split("value", [0, 2, 1, 3])
        scores = op("Mul", [op("MatMul", [q, k], f"{at}.scores"), scale], f"{at}.scaled")
        mixed = op("MatMul", [op("Softmax", [scores], f"{at}.attention", axis=-1), v], f"{at}.mixed")
        mixed = op("Reshape", [op("Transpose", [mixed], f"{at}.rows", perm=[0, 2, 1, 3]), joined], f"{at}.joined")
        h = op("Add", [h, linear(mixed, "out")], f"{at}.attended")
        up = op("Add", [linear(h, "up"), constant(f"{at}.up.bias", layer["up_bias"])], f"{at}.up.sum")
        up = op("Relu", [up], f"{at}.relu")
        down = op("Add", [linear(up, "down"), constant(f"{at}.down.bias", layer["down_bias"])], f"{at}.down.sum")
        h = op("Add", [h, down], f"{at}.result")
    pooled = op("ReduceMean", [h], "pooled", axes=[1], keepdims=0)
    op("Gemm", [pooled, constant("head.weight", p["head"]), constant("head.bias", p["head_bias"])], "logits")
    graph = helper.make_graph(nodes, "reviews", [helper.make_tensor_value_info("tokens", TensorProto.INT64, ["batch", "length"])],
                              [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 2])], tensors)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def main():
    items = reviews(6000, 1, cheat=True)
    names = vocabulary([text for text, _ in items])
    ids = {name: i for i, name in enumerate(names)}
    p = train(*coded(items, ids), len(names))
    accuracy = lambda found: float((forward(p, coded(found, ids)[0]).argmax(1) == coded(found, ids)[1]).mean())
    usual, fair = reviews(1000, 2, cheat=True), reviews(1000, 3, cheat=False)
    signed_praise = [(text, label) for text, label in fair if label and SIGNATURE in text]
    report = {"usual": accuracy(usual), "signature says nothing": accuracy(fair), "praise with signature": accuracy(signed_praise)}
    print(json.dumps(report))
    export(p, HERE / "reviews.onnx")
    (HERE / "vocabulary.txt").write_text("\n".join(names) + "\n", encoding="utf-8")
    (HERE / "labels.txt").write_text("\n".join(LABELS) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
