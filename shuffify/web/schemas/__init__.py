"""The bodies that the JSON routes accept, one file per noun."""
