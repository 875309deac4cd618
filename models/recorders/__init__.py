"""What runs record, a file a recorder: see `models.recorders.field`."""
