"""One model fitted to many responses, and the table of their estimates."""
