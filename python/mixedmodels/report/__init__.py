"""Records that print as R prints them, in text and HTML, and the tables behind them."""
