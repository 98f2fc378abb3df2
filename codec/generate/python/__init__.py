"""A Python module of its own for a format: its things as dataclasses, their records and their documents, both ways."""
