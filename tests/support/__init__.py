"""What tests share: slow twins of the engine, reference values and the models they are of, tables, printed text."""
