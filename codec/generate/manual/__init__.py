"""The reference manual of a format: pages made from the plan, rendered as Markdown and as one HTML page."""
