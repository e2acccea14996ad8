"""Connector manifests: data only, no code here; read through importlib.resources."""
