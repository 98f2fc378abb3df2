"""What of a build is not data: the version that manifests and sidecars name is stamped into the wheel, and the plans of
the shipped formats are made ready in it, by the modules that are in it."""

import subprocess
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class CompleteBuild(build_py):
    """Writes the version of the distribution into the copy of `codec/version.py`, and `codec/built`; a checkout stays
    `dev`, and `make setup` makes its plans."""

    def run(self) -> None:
        super().run()
        module = Path(self.build_lib, "codec", "version.py")
        if not self.editable_mode and module.exists():
            text = module.read_text("utf-8")
            module.write_text(text.replace('"dev"', f'"{self.distribution.get_version()}"'), "utf-8")
            formats = [path.parent.name for path in Path(self.build_lib, "codec", "specs").glob("*/container.yaml")]
            ready = [sys.executable, "-B", "-m", "codec.spec.ready", *sorted(formats)]
            subprocess.run(ready, cwd=self.build_lib, check=True)


setup(cmdclass={"build_py": CompleteBuild})
