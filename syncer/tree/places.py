"""Where a file of upstream's checkout lies in the generated tree, and the way back."""

from __future__ import annotations

from syncer.port import Tree

THIRD_PARTY = "third_party"


def in_tree(tree: Tree, path: str) -> str:
    """Where a file of the checkout lies in the generated tree."""
    downloads = tree.downloads + "/"
    return f"{THIRD_PARTY}/{path.removeprefix(downloads)}" if path.startswith(downloads) else path


def in_checkout(tree: Tree, path: str) -> str:
    """Where a file of the generated tree lies in the checkout, if it is upstream's."""
    ours = THIRD_PARTY + "/"
    return f"{tree.downloads}/{path.removeprefix(ours)}" if path.startswith(ours) else path
