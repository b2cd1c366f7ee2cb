def greeting():
    return f"hello from {__name__}"
