"""`python -m resqued` is `resqued`."""

import sys

from resqued.cli.resqued import main

sys.exit(main())
