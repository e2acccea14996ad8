"""The sentences for people, by subject: key to (German, English). `messages` says them."""
