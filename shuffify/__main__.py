"""`python -m shuffify`: the console script, where none is installed."""

from shuffify.cli import main

main()
