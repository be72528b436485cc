"""A folder of pictures through PyTorch's DataLoader and Pillow, as people write it; prints lines of JSON.

Run by folder_throughput.py in an environment of its own with torch and Pillow. Each epoch opens, decodes,
resizes and stacks every picture as uint8, in worker processes; nothing is done to the pixels after that.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset


class Pictures(Dataset):
    """Class folders, as torchvision's ImageFolder reads them."""

    def __init__(self, folder: Path, side: int) -> None:
        self.files = sorted(folder.glob("*/*.jpg"))
        names = sorted({file.parent.name for file in self.files})
        self.labels = [names.index(file.parent.name) for file in self.files]
        self.side = side

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        with Image.open(self.files[index]) as picture:
            small = picture.convert("RGB").resize((self.side, self.side), Image.Resampling.BILINEAR)
        return torch.from_numpy(np.array(small)).permute(2, 0, 1), self.labels[index]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--side", type=int, default=96)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=2)
    given = parser.parse_args()
    torch.set_num_threads(1)
    pictures = Pictures(given.folder, given.side)
    loader = DataLoader(pictures, given.batch, shuffle=True, num_workers=given.workers)
    for epoch in range(given.epochs):
        began, seen = time.perf_counter(), 0
        for x, _ in loader:
            seen += len(x)
        seconds = time.perf_counter() - began
        print(
            json.dumps({"who": "torch", "pass": f"epoch {epoch + 1}", "images": seen, "s": seconds}),
            flush=True,
        )


if __name__ == "__main__":
    main()
