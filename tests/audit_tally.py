"""What the audit's tests from outside share: a count of what held, and a line for what did not."""
passed, failures = 0, []


def check(name, ok, detail=""):
    global passed
    if ok:
        passed += 1
    else:
        failures.append(name)
        print(f"FAIL {name}: {str(detail)[:4000]}")


def ended():
    """Print the summary; the exit code."""
    print(f"{passed} passed, {len(failures)} failed")
    return 1 if failures else 0
