"""Pictures of models, each with a twin that returns the table it draws; needs matplotlib."""
