#!/usr/bin/env python
"""Every command of Touchstone: `manage.py help` lists them."""

import sys

from config.command_line import run

if __name__ == "__main__":
    sys.exit(run(sys.argv))
