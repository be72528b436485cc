"""One training step of mnist-convnet (256 images, RMSprop): ours against torch's three settings, asked in turn.

python benchmarks/mnist_step.py --torch path/to/python [--rounds 3]
"""

import argparse
import sys

from _peers import Worker, in_turn


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--torch", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    script = "mnist_step_torch.py"
    workers = {
        "ours": Worker(sys.executable, "mnist_step_striate.py"),
        "torch eager": Worker(given.torch, script),
        "torch channels_last": Worker(given.torch, script, "channels_last"),
        "torch channels_last bf16": Worker(given.torch, script, "channels_last", "bf16"),
    }
    times = in_turn(workers, "go", given.rounds)
    ours = times["ours"]
    for name, time in times.items():
        ratios = ours["least"] / time["least"], ours["middle"] / time["middle"]
        print(
            f"{name:26} {time['least']:8.2f} ms, median {time['middle']:8.2f} ms"
            f"   ours is {ratios[0]:.2f} of it (medians {ratios[1]:.2f})"
        )


if __name__ == "__main__":
    main()
