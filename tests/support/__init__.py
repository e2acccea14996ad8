"""What tests stand on: real servers, real samples, real kills."""
