import torch
from torch import nn

import base
from layers import blocks


class Gate(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.squeeze = nn.Linear(c, c // 2)
        self.excite = nn.Linear(c // 2, c)

    def forward(self, x):
        s = torch.relu(self.squeeze(x.mean((2, 3))))
        return x * torch.sigmoid(self.excite(s))[:, :, None, None]


class Gated(base.BaseModel):
    def __init__(self, classes=5, depth=2):
        self.depth = depth
        super().__init__(classes)
        self.drop = nn.Dropout(0.1)

    def build_body(self):
        layers = []
        for i in range(self.depth):
            layers += [blocks.conv_bn(self.width, self.width)]
            layers += [Gate(self.width)]
        layers.append(nn.Conv2d(self.width, self.width, 1))
        return nn.Sequential(*layers)

    def forward(self, x):
        return self.drop(super().forward(x))


class Plain(base.BaseModel):
    width = 12

    def build_body(self):
        return blocks.conv_bn(self.width, self.width)


def make():
    return Gated(), torch.randn(1, 3, 16, 16)
