"""Hypothesis strategies that are derived from a spec, for the tests of this toolkit and of other implementations.

Nothing here lists a field: what a spec declares is drawn from that day on.
"""

from codec.testing.containers import History, Version, in_order, writers
from codec.testing.records import canonical, noisy, records
from codec.testing.streams import damage, histories, stored
from codec.testing.things import things
from codec.testing.trees import trees

__all__ = [
    "History",
    "Version",
    "canonical",
    "damage",
    "histories",
    "in_order",
    "noisy",
    "records",
    "stored",
    "things",
    "trees",
    "writers",
]
