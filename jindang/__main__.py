"""`python -m jindang`: the same door as the console script."""

from jindang.cli import enter

if __name__ == "__main__":
    enter()
