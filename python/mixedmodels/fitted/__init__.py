"""The fitted model, without verbs: its record, design, rows and request."""
