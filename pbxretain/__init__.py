"""pbxretain makes a telephone system forget on time and proves it."""

__version__ = "0.1.0"
