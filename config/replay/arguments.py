"""Arguments that the commands which play against the sandbox share."""

import argparse

from campaigns.sandbox.faults import BadFaults, read_faults


def faults(text: str) -> str:
    """The sandbox's faults as an argument of a command."""
    try:
        read_faults(text)
    except BadFaults as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text
