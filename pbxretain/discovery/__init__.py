"""Which telephone products stand on a host, and where do they keep call data?"""
