"""Recording a training while it runs, and reading the recording, also while it is written."""

from striate.explain.recording.planning import SizeEstimate
from striate.explain.recording.reading import Recording, open_recording
from striate.explain.recording.recorder import Recorder

__all__ = ["Recorder", "Recording", "SizeEstimate", "open_recording"]
