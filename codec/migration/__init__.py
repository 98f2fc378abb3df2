"""From one version of a format to another: read as the one stores, written as the other shows."""
