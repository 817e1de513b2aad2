"""What resqued claims about time and memory, measured: against its peers, and against the limit of a process like it.

    ./run bench [throughput|latency|idle|memory|redis|scale|limit|kills]… [--rounds N] [--quick] [--peers NAME,…]
                [--json FILE] [--svg FILE]

Contestants are behind small adapters (`contestants`), so that another one is one more file; `roster` says who is there.
They run in turn, all of them in each round: what else the machine does meets everybody, and ratios within a round say
more than figures.
"""
