"""`python -m tapelint`."""

if __name__ == "__main__":
    import sys

    if not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):
        # Python put the current folder in front: a file there that is called `queue.py` would be run for its own.
        del sys.path[0]
    from tapelint.cli import process

    process()
