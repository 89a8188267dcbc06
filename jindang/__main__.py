"""`python -m jindang`: the same door as the console script."""

from jindang.cli import main

if __name__ == "__main__":
    main()
