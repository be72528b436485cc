"""The one-page report of a run: self-contained HTML that opens anywhere and runs nothing."""

from striate.tasks.reporting.page import Report

__all__ = ["Report"]
