"""Results as text and as tables: R's layout of numbers, HTML, and tables of the caller's library."""
