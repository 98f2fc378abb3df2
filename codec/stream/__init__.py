"""The record stream: sources, entries, versions, sorting, writing. Knows no format; the plan says everything."""
