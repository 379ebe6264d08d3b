"""Holds what is hard to look at, and stops at two lines (marked `stop`).

    python stops.py PICTURE CALLS

The slow module adds a byte to the file CALLS whenever one of its layers is called.
"""
import os
import sys
import time

import numpy as np
import torch
from PIL import Image
from torch import nn


class Silent:
    def __repr__(self):
        raise RuntimeError("no words")

    def __array__(self, dtype=None):
        return np.eye(3, dtype=np.float32)


class Raising:
    def __array__(self, dtype=None):
        raise RuntimeError("no values")


class Ending:
    def __array__(self, dtype=None):
        os._exit(3)


class Slow(nn.Linear):
    def forward(self, x):
        with open(sys.argv[2], "ab") as calls:
            calls.write(b".")
        time.sleep(0.05)
        return super().forward(x)


class Odd(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 2)

    def forward(self, x):
        raise ValueError("not today")


def look(file):
    picture = Image.open(file).convert("RGB")
    silent, raising, ending = Silent(), Raising(), Ending()
    large, lazy = np.zeros((64, 512, 512), np.float32), torch.empty(2, 2, device="meta")
    slow = nn.Sequential(*[Slow(3, 3) for _ in range(400)])
    odd, linear = Odd(), nn.Linear(3, 2)
    row = torch.zeros(1, 3)
    gone = np.ones((2, 2), np.float32)
    values = np.array([[0, 1, np.nan, -3], [np.inf, np.inf, -np.inf, 0]], np.float32)
    before = torch.get_rng_state()
    time.sleep(0)  # stop
    assert torch.equal(torch.get_rng_state(), before)
    values = 2 * values[:1]
    del gone
    time.sleep(0)  # stop
    return picture, silent, raising, ending, large, lazy, slow, odd, linear, row, values


look(sys.argv[1])
