"""What rolls found, one small JSON file each: kept in a folder or on a branch of its own, read as
a table and as charts over upstream's time."""

from syncer.report.history.charts import charts
from syncer.report.history.compare import Compared, compare, figures_of
from syncer.report.history.entry import Entry, entry_of, entry_text, read_entry
from syncer.report.history.steps import Step, steps
from syncer.report.history.store import BRANCH, FOLDER, branch_in, keep, load, store

__all__ = [
    "BRANCH",
    "FOLDER",
    "Compared",
    "Entry",
    "Step",
    "branch_in",
    "charts",
    "compare",
    "entry_of",
    "entry_text",
    "figures_of",
    "keep",
    "load",
    "read_entry",
    "steps",
    "store",
]
