"""`python -m campaigns.sandbox`: the sandbox without Django."""

import sys

import uvloop

from campaigns.sandbox.options import read_options
from campaigns.sandbox.server import serve


def main() -> None:
    """Run; a port in use or an unwritable ledger is one sentence and exit 2."""
    options = read_options(sys.argv[1:])
    try:
        uvloop.run(serve(options))
    except OSError as error:
        sys.exit(_complain(error))


def _complain(error: OSError) -> int:
    what = error.strerror or str(error)
    where = f" ({error.filename})" if error.filename else ""
    sys.stderr.write(f"The sandbox cannot start: {what}{where}.\n")
    return 2


if __name__ == "__main__":
    main()
