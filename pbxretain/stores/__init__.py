"""The store kinds: each knows one way in which a PBX keeps its records."""
