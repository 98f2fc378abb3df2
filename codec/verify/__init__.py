"""Judging a snapshot or a tree without changing anything: every finding of one run, sorted."""
