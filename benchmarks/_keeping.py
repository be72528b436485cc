"""Where results are kept, and what they were measured with."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

from striate.tasks import doctor

RESULTS = Path(__file__).parent / "results"


def keep(name: str, result: dict[str, Any]) -> str:
    """Write results/NAME.json with the day, the versions and the hardware; gives its text in one line."""
    circumstances = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "versions": doctor.versions(),
        "hardware": doctor.hardware(),
    }
    RESULTS.mkdir(exist_ok=True)
    whole = result | circumstances
    (RESULTS / f"{name}.json").write_text(json.dumps(whole, indent=2) + "\n", "utf-8")
    return json.dumps(whole)
