"""`python -m app.main`: the same as `lee`."""

from app.cli import main

if __name__ == "__main__":
    main()
