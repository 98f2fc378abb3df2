"""The one thing of a build that is not data: the version that manifests and sidecars name is stamped into the wheel."""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class StampedBuild(build_py):
    """Writes the version of the distribution into the copy of `codec/version.py`; a checkout stays `dev`."""

    def run(self) -> None:
        super().run()
        module = Path(self.build_lib, "codec", "version.py")
        if not self.editable_mode and module.exists():
            text = module.read_text("utf-8")
            module.write_text(text.replace('"dev"', f'"{self.distribution.get_version()}"'), "utf-8")


setup(cmdclass={"build_py": StampedBuild})
