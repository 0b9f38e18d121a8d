"""``python -m equity`` is the ``equity`` command."""

from equity.cli import main

if __name__ == "__main__":
    main()
