"""What is known of the point where a network's descent ended (docs/decisions/0013-certificates.md)."""
