"""What a screen reader sees of mixview, and does in it. Needs python3-pyatspi."""

import time

import pyatspi


def within(look):
    """Waits until something is so."""
    for _ in range(100):
        try:
            found = look()
        except (LookupError, RuntimeError):
            found = None
        if found:
            return found
        time.sleep(0.1)
    raise SystemExit(f"not within 10 s: {look}")


def find(node, role, name):
    if node.getRoleName() == role and node.name == name:
        return node
    return next(filter(None, (find(child, role, name) for child in node)), None)


def node(role, name):
    desktop = pyatspi.Registry.getDesktop(0)
    apps = [app for app in desktop if app and app.name == "mixview"]
    return next(filter(None, (find(app, role, name) for app in apps)), None)


def wait_for(role, name):
    found = within(lambda: node(role, name))
    print(role, name)
    return found


slider = wait_for("slider", "Volume, from Default to Aux").queryValue()
assert (slider.minimumValue, slider.maximumValue) == (-1, 1)
assert abs(slider.minimumIncrement - 0.05) < 1e-9
slider.currentValue = 0.5
within(lambda: slider.currentValue == 0.5)

wait_for("list", "Default")
wait_for("list", "Aux")
row = wait_for("list item", "Discord").queryAction()
assert row.getName(0) == "click"
remove = wait_for("push button", "Remove Discord")

entry = wait_for("entry", "New pattern")
entry.queryEditableText().setTextContents("mpv")
within(lambda: entry.queryText().getText(0, -1) == "mpv")
assert entry.queryText().caretOffset == 3
wait_for("list item", 'Add pattern "mpv": matches nothing now').queryAction().doAction(0)
wait_for("list item", "mpv")

remove.queryAction().doAction(0)
within(lambda: not node("list item", "Discord"))
wait_for("push button", "Undo")
