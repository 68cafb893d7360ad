"""What the scripts of the Python clients share: a check that says its name."""


def check(name, got, want):
    if got != want:
        raise AssertionError(f"{name}: got {got!r}, want {want!r}")
    print("ok", name)
