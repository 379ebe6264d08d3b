"""The same training without a debugger: exports by hand and gradients by autograd at each step, and the digest.

    python reference.py PICTURES OUT
"""
import copy
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

import train

pictures, out = sys.argv[1], Path(sys.argv[2])
(out / "digest.txt").write_text(train.digest(train.train(pictures)))


def dump(step, model, batch, labels):
    if step > 1:
        return
    random = torch.get_rng_state()
    folder = out / str(step)
    folder.mkdir()
    twin = copy.deepcopy(model).eval()
    image = batch[:1].clone().requires_grad_()
    logits = twin(image)
    (gradient,) = torch.autograd.grad(logits[0].max(), image)
    np.save(folder / "gradient.npy", gradient.numpy())
    np.save(folder / "input.npy", batch[:1].numpy())
    torch.onnx.export(twin, (batch[:1],), str(folder / "model.onnx"), input_names=["input"], output_names=["output"])
    twin = copy.deepcopy(model).train()
    leaf = batch.clone().requires_grad_()
    F.cross_entropy(twin(leaf), labels).backward()
    np.save(folder / "loss-gradient.npy", leaf.grad.numpy())
    torch.set_rng_state(random)


train.train(pictures, dump)
print(f"torch {torch.__version__} of {Path(torch.__file__).parent}")
