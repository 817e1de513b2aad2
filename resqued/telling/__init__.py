"""What stands in Redis as people are told it, whatever shows it to them.

times, text: how a moment, a span, a size and any name are written. jobs, workers, failures, listeners: what they are.
"""
