"""A policy: how long each kind of data may stay, and what can be told of its rules alone."""
