"""What an advertisement's words say, however they are written: fold, match, judge.

Pure: text and rules in, hits out. `fold` undoes disguises, `match` finds listed terms, `negation`
reads the clause around them, `scan` puts the three together. The rules are data (`rulebook`).
"""
