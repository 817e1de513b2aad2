"""An application whose import takes until somebody makes the file `gate` beside it."""

import os
import time
from pathlib import Path

Path(os.environ["STATE_DIRECTORY"], "at-the-gate").touch()
while not Path(__file__).with_name("gate").exists():
    time.sleep(0.01)


class Nothing:
    @staticmethod
    def perform():
        pass
