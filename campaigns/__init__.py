"""What we say, when, and by which channel.

Floor 3 of the house: journeys decide, guards allow or refuse, channels hand
messages over to providers and read what comes back.
"""
