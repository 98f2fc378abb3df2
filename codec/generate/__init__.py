"""What can be made of a spec besides running it: JSON Schemas, a manual, Kaitai structs, a Python module of its own.

Every output is a function of the plan alone: the same spec gives the same bytes.
"""
