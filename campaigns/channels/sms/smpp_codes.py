"""What an SMPP message centre answers, and what it means.

Source: SMPP 3.4, issue 1.2, §5.1.3 "command_status", compared on 28 November 2026.  An error status
says that the message was not taken.  Left out are those of requests we never make, and 0xFF
("unknown error"), which like a centre's own from 0x400 says nothing of the kind.
"""

from collections.abc import Mapping
from typing import Final

from campaigns.channels.meanings import Meaning

# Of a submit.
MEANINGS: Final[Mapping[str, Meaning]] = {
    "0x00000001": Meaning.REFUSED,  # message length
    "0x00000002": Meaning.REFUSED,  # command length
    "0x00000003": Meaning.OUT_OF_SERVICE,  # the centre knows no submit_sm
    "0x00000004": Meaning.UNAUTHORISED,  # bound as a receiver only
    "0x00000006": Meaning.REFUSED,  # priority
    "0x00000007": Meaning.REFUSED,  # registered_delivery
    "0x00000008": Meaning.RETRY,  # system error
    "0x0000000A": Meaning.SENDER_REFUSED,  # source address
    "0x0000000B": Meaning.REFUSED,  # destination address
    "0x00000014": Meaning.RETRY,  # queue full
    "0x00000015": Meaning.SENDER_REFUSED,  # service type
    "0x00000043": Meaning.REFUSED,  # esm_class
    "0x00000045": Meaning.REFUSED,  # submit failed
    "0x00000048": Meaning.SENDER_REFUSED,  # source TON
    "0x00000049": Meaning.SENDER_REFUSED,  # source NPI
    "0x00000050": Meaning.REFUSED,  # destination TON
    "0x00000051": Meaning.REFUSED,  # destination NPI
    "0x00000058": Meaning.RETRY,  # throttled
    "0x00000061": Meaning.REFUSED,  # scheduled time
    "0x00000062": Meaning.REFUSED,  # validity
    "0x00000064": Meaning.RETRY,  # the receiver for a while
    "0x00000065": Meaning.REFUSED,  # the receiver for good
    "0x00000066": Meaning.REFUSED,  # rejected by the receiver
    "0x000000C0": Meaning.REFUSED,  # optional part
    "0x000000C1": Meaning.REFUSED,  # optional parameter not allowed, such as `key_tlv`
    "0x000000C2": Meaning.REFUSED,  # length of a parameter
    "0x000000C3": Meaning.REFUSED,  # optional parameter missing
    "0x000000C4": Meaning.REFUSED,  # value of an optional parameter
    "0x000000FE": Meaning.REFUSED,  # delivery failed
}
# Of a bind: under any other status it may be tried again, for nothing has been submitted.
BIND_MEANINGS: Final[Mapping[str, Meaning]] = {
    "0x00000003": Meaning.OUT_OF_SERVICE,  # the centre knows no transceiver
    "0x0000000D": Meaning.UNAUTHORISED,  # bind failed
    "0x0000000E": Meaning.UNAUTHORISED,  # password
    "0x0000000F": Meaning.UNAUTHORISED,  # system id
    "0x00000053": Meaning.UNAUTHORISED,  # system type
}
