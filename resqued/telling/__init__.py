"""What stands in Redis as people are told it, by `resquectl` in a terminal and by the page in a browser.

times, text: how a moment, a span, a size and any name are written. jobs, workers, failures, listeners: what they are.
"""
