"""Figures for machines: what is counted, how it is written down, how it is asked for, and what they say of health.

Nothing here reads a clock or a socket.
"""
