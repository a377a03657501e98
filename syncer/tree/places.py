"""Where a file of upstream's checkout lies in the generated tree, and the way back."""

from __future__ import annotations

from syncer.port import Port, Tree

THIRD_PARTY = "third_party"


def in_tree(tree: Tree, path: str) -> str:
    """Where a file of the checkout lies in the generated tree."""
    downloads = tree.downloads + "/"
    return f"{THIRD_PARTY}/{path.removeprefix(downloads)}" if path.startswith(downloads) else path


def in_checkout(tree: Tree, path: str) -> str:
    """Where a file of the generated tree lies in the checkout, if it is upstream's."""
    ours = THIRD_PARTY + "/"
    return f"{tree.downloads}/{path.removeprefix(ours)}" if path.startswith(ours) else path


def place_of(port: Port, component: str, path: str) -> str:
    """Where a file of a component's (upstream's too) lies in the generated tree."""
    places = {item.name: f"{THIRD_PARTY}/{item.path}/" for item in port.toml.component}
    return places.get(component, "") + path
