"""Hypothesis profiles for every test: `$HYPOTHESIS_PROFILE` chooses how many examples a law is tried on.

The default one draws the same examples wherever it runs, so that a failure is one of the change at hand; the long one
draws new ones each time.
"""

from __future__ import annotations

import os

from hypothesis import settings
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants

PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "default")

settings.register_profile("default", max_examples=50, deadline=None, derandomize=True)
settings.register_profile("long", max_examples=1000, deadline=None)
settings.load_profile(PROFILE)
if PROFILE == "default":  # else constants of whatever modules are loaded are drawn, too
    providers._get_local_constants = Constants
