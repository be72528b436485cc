"""Our convolution and its gradients against torch's (oneDNN), eleven shapes, asked in turn in one run.

    python benchmarks/conv_shapes.py --torch path/to/python [--rounds 3] [--shapes 0,3] [--work fwd,dx]

Prints for each the least time, GFLOP/s, and the ratio to the faster of torch's two memory formats.
"""

import argparse
import math
import sys

from _peers import Worker, in_turn

SHAPES = [
    (32, 32, 64, 64, 3, 1), (32, 16, 128, 128, 3, 1), (8, 56, 64, 64, 3, 1), (8, 56, 64, 256, 1, 1),
    (8, 28, 128, 128, 3, 1), (8, 28, 128, 128, 3, 2), (8, 14, 256, 256, 3, 1), (8, 7, 512, 512, 3, 1),
    (8, 224, 3, 64, 7, 2), (4, 224, 64, 64, 3, 1), (256, 28, 1, 32, 3, 1),
]  # fmt: skip
"""(images, height and width, channels, filters, kernel, stride), padding kernel // 2."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--torch", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--shapes", default=",".join(map(str, range(len(SHAPES)))))
    parser.add_argument("--work", default="fwd,dw,dx")
    given = parser.parse_args()
    workers = {
        "ours": Worker(sys.executable, "convs_striate.py"),
        "nchw": Worker(given.torch, "convs_torch.py"),
        "nhwc": Worker(given.torch, "convs_torch.py", "channels_last"),
    }
    logs = []
    for index in map(int, given.shapes.split(",")):
        for work in given.work.split(","):
            times = in_turn(workers, [SHAPES[index], work], given.rounds)
            logs.append(math.log(report(SHAPES[index], work, times)))
    print(f"geometric mean {math.exp(sum(logs) / len(logs)):.3f}")


def report(shape: tuple[int, ...], work: str, times: dict[str, dict[str, float]]) -> float:
    """One line of the table; the ratio of the least times."""
    n, h, ci, co, k, s = shape
    flops = 2 * n * math.ceil(h / s) ** 2 * ci * co * k * k
    least = {name: time["least"] for name, time in times.items()}
    ratio = least["ours"] / min(least["nchw"], least["nhwc"])
    middle = times["ours"]["middle"] / min(times["nchw"]["middle"], times["nhwc"]["middle"])
    print(
        f"{shape!s:26} {work:3}  {least['ours']:8.2f} ms {flops / least['ours'] / 1e6:6.1f} GF/s  "
        f"torch {least['nchw']:8.2f} {least['nhwc']:8.2f}  ratio {ratio:.2f} (of medians {middle:.2f})",
        flush=True,
    )
    return ratio


if __name__ == "__main__":
    main()
