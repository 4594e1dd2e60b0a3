"""Proof under load and faults: what a deployment does to traffic, and what a fault does to it."""
