import torch.nn as nn


def conv_bn(cin, cout, k=3, s=1):
    return nn.Sequential(
        nn.Conv2d(cin, cout, k, s, k // 2, bias=False),
        nn.BatchNorm2d(cout),
        nn.ReLU(),
    )


class Flatten(nn.Module):
    def forward(self, x):
        return x.flatten(1)
