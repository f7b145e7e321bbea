"""Arrays and tables as plotly figures."""
