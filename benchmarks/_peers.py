"""Workers in processes of their own, each in its own environment, asked in turn: A B A B."""

import json
import subprocess
from pathlib import Path

HERE = Path(__file__).parent


class Worker:
    """A program that reads one JSON line and answers with one."""

    def __init__(self, python: str, script: str, *arguments: str) -> None:
        command = [python, str(HERE / "workers" / script), *arguments]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, question: object) -> dict[str, float]:
        """Send a question, wait for the answer."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None  # both are pipes
        stdin.write(json.dumps(question) + "\n")
        stdin.flush()
        return json.loads(stdout.readline())


def in_turn(workers: dict[str, Worker], question: object, rounds: int) -> dict[str, dict[str, float]]:
    """For each worker the least and the middle over the rounds."""
    answers: dict[str, list[dict[str, float]]] = {name: [] for name in workers}
    for _ in range(rounds):
        for name, worker in workers.items():
            answers[name].append(worker.ask(question))
    return {name: _summary(given) for name, given in answers.items()}


def _summary(given: list[dict[str, float]]) -> dict[str, float]:
    middles = sorted(answer["middle"] for answer in given)
    return {"least": min(answer["least"] for answer in given), "middle": middles[len(middles) // 2]}
