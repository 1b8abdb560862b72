"""``python -m mlpack`` is the command line."""

from mlpack.cli.main import run

if __name__ == "__main__":
    run()
