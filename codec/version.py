"""The version that manifests and sidecars name; a release build stamps it, anything else is `dev`."""

__version__ = "dev"
