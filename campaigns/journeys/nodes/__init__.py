"""One file per node kind: its dataclass, `parse`, `exits`, `step`."""
