"""Applying fixes: which ones may be applied, the passes over a text, the patch, the file that replaces the old one.

Nothing here knows a rule. What rules call to build their edits is in `tapelint.fixes.statements`.
"""
