"""``python -m mixedmodels`` is the command ``mixedmodels``."""

import sys

from mixedmodels.cli import main

if __name__ == "__main__":
    sys.exit(main())
