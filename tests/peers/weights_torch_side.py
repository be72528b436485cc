"""PyTorch's side: modules of the same make load a file that Striate wrote, strictly, and answer."""

import sys

import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn


class Everything(nn.Module):
    """Each kind of weight that both sides have, behind names of every depth."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4, eps=1e-3), nn.PReLU(4))
        self.block = nn.ModuleDict({"a": nn.Conv2d(4, 4, 1), "b": nn.Conv2d(4, 8, 3, padding=1, groups=4)})
        self.grouped = nn.Conv2d(8, 4, (3, 2), groups=2, dilation=(1, 2))
        self.deconv = nn.ConvTranspose2d(4, 3, 2, stride=2)
        self.bn1d = nn.BatchNorm1d(3 * 8 * 6, eps=1e-3)
        self.fc1 = nn.Linear(3 * 8 * 6, 12)
        self.bn2 = nn.BatchNorm1d(12, eps=1e-3)
        self.up = nn.Conv2d(2, 5, 1)
        self.fc2 = nn.Linear(5 * 2 * 3, 3)

    def forward(self, x):
        x = self.block["b"](self.block["a"](self.stem(x)))
        x = torch.relu(self.deconv(self.grouped(x)))
        x = self.fc1(self.bn1d(x.flatten(1)))
        x = self.up(self.bn2(x).reshape(-1, 2, 2, 3))
        return self.fc2(x.flatten(1))


class Rows(nn.Module):
    """Convolutions along a row."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(4, 6, 3, padding=1, groups=2)
        self.dw = nn.Conv1d(6, 12, 3, groups=6)
        self.up = nn.ConvTranspose1d(12, 5, 3, stride=2)
        self.fc = nn.Linear(5 * 11, 3)

    def forward(self, x):
        return self.fc(self.up(self.dw(self.conv(x))).flatten(1))


def main(given, answers, kind, path):
    model = {"everything": Everything, "rows": Rows}[kind]()
    model.load_state_dict(load_file(path), strict=True)
    model.eval()
    x = torch.from_numpy(np.moveaxis(np.load(given)["x"], -1, 1).copy())
    with torch.no_grad():
        np.savez(answers, y=model(x).numpy(), **{name: t.numpy() for name, t in model.state_dict().items()})
    torch.save(model.state_dict(), path + ".pth")


main(*sys.argv[1:])
