"""Runs the command line as ``python -m pbxretain``."""

from pbxretain.cli import main

main()
