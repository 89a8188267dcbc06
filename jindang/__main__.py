"""`python -m jindang`: the same door as the console script."""

from jindang.entrance import enter

if __name__ == "__main__":
    enter()
