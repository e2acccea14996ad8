"""What became of one source's data in a month, a quarter or a year, as its own reports tell it?"""
