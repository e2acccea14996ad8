"""What stands on a PBX's host? Its files, read as text and never executed."""
