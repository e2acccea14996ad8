"""Does a connector keep what every store promises? The conformance kit, for integrators.

``pbxretain connector test connector.yaml`` runs it from the command line, ``suite`` in pytest.
Everything that it tries is made from the manifest alone, below a temporary folder.
"""

from pbxretain.testing.suite import BrokenPromiseError, Case, suite

__all__ = ["BrokenPromiseError", "Case", "suite"]
