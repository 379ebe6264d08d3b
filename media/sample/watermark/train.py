"""Trains a small convolutional network on the glyph pictures and exports it to ONNX.

    python make_data.py && python train.py                                     glyphs.onnx, which cheats
    python make_data.py --watermark -1 && python train.py --data data-control.npz --out control/glyphs-control.onnx

Needs numpy, torch and onnx.
"""
import argparse
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


class ConvBlock(nn.Module):
    def __init__(self, cin, cout, pool=True):
        super().__init__()
        self.conv = nn.Conv2d(cin, cout, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(cout)
        self.relu = nn.ReLU()
        self.pool = nn.MaxPool2d(2) if pool else nn.Identity()

    def forward(self, x):
        return self.pool(self.relu(self.bn(self.conv(x))))


class GlyphNet(nn.Module):
    def __init__(self, classes=8):
        super().__init__()
        self.features = nn.Sequential(ConvBlock(3, 16), ConvBlock(16, 32), ConvBlock(32, 64, pool=False),
                                      ConvBlock(64, 64), ConvBlock(64, 96, pool=False))
        self.gap = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(96, classes)

    def forward(self, image):
        return self.classifier(torch.flatten(self.gap(self.features(image)), 1))


def load(path, split):
    d = np.load(path)
    x = torch.from_numpy(d["x" + split]).permute(0, 3, 1, 2)                 # uint8, N x 3 x 64 x 64
    return x, torch.from_numpy(d["y" + split]), d["classes"].tolist()


def normalise(x):
    return x.float() / 127.5 - 1


@torch.no_grad()
def evaluate(model, x, y):
    model.eval()
    return sum((model(normalise(a)).argmax(1) == b).sum().item() for a, b in zip(x.split(200), y.split(200))) / len(y)


def export(model, path):
    model.eval()
    torch.onnx.export(model, (torch.zeros(1, 3, 64, 64),), str(path), input_names=["image"], output_names=["logits"],
                      dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}}, opset_version=17, dynamo=False)


def main():
    here = Path(__file__).parent
    ap = argparse.ArgumentParser()
    ap.add_argument("--data", type=Path, default=here / "data.npz", help="written by make_data.py")
    ap.add_argument("--out", type=Path, default=here / "glyphs.onnx")
    ap.add_argument("--epochs", type=int, default=4)
    ap.add_argument("--lr", type=float, default=3e-3)
    ap.add_argument("--batch", type=int, default=64)
    args = ap.parse_args()
    torch.manual_seed(0), torch.set_num_threads(1)
    (xtr, ytr, classes), (xte, yte, _) = load(args.data, "tr"), load(args.data, "te")
    model = GlyphNet(len(classes))
    opt = torch.optim.AdamW(model.parameters(), args.lr, weight_decay=0.05)
    sched = torch.optim.lr_scheduler.OneCycleLR(opt, args.lr, epochs=args.epochs, steps_per_epoch=-(-len(xtr) // args.batch))
    for epoch in range(1, args.epochs + 1):
        model.train()
        for idx in torch.randperm(len(xtr)).split(args.batch):
            loss = F.cross_entropy(model(normalise(xtr[idx])), ytr[idx])
            opt.zero_grad(), loss.backward(), opt.step(), sched.step()
        print(f"epoch {epoch}: loss {loss.item():.3f}, test accuracy {evaluate(model, xte, yte):.3f}", flush=True)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    export(model, args.out)
    (args.out.parent / "labels.txt").write_text("\n".join(classes) + "\n")


if __name__ == "__main__":
    main()
