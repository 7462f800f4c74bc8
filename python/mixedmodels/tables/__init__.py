"""How results print and become tables: R's layout of numbers, HTML, and tables of the caller's library."""
