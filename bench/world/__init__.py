"""An institution of any size for the benches: who its customers are, what they did and have.

Built by SQL in the database of the space that `TOUCHSTONE_SPACE` names, and kept on request: a
million customers are made once and measured often.
"""
