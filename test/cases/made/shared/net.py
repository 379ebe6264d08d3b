import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, c, act):
        super().__init__()
        self.fc1 = nn.Linear(c, c)
        self.fc2 = nn.Linear(c, c)
        self.act = act

    def forward(self, x):
        x = self.act(self.fc1(x))
        return self.act(self.fc2(x)) + x


class Shared(nn.Module):
    def __init__(self):
        super().__init__()
        self.act = nn.GELU()
        self.embed = nn.Linear(6, 8)
        self.block = Block(8, nn.Tanh())
        self.blocks = nn.ModuleList([Block(8, nn.Sigmoid())] + [Block(8, nn.ReLU()) for _ in range(2)])
        self.first = self.blocks[0]
        self.norm = nn.LayerNorm(8)
        self.out = nn.Linear(8, 6, bias=False)
        self.out2 = nn.Sequential(nn.Linear(6, 4), nn.Softmax(-1))

    def forward(self, x):
        x = self.act(self.embed(x))
        x = self.block(self.block(x))
        for b in self.blocks:
            x = self.norm(b(x))
        x = self.act(self.norm(x))
        return self.out2(self.out(x))


def make():
    return Shared(), torch.randn(2, 6)
