"""Chaos: several masters, one Redis, an adversary, and an account of every job.

The adversary kills, stops and continues processes, restarts Redis, and breaks and delays connections. What it does is
drawn from a seed before anything runs (`script`); the jobs keep a ledger outside of Redis (`application`, `ledger`);
at the end every job must be in exactly one place, for a reason (`account`).

    ./run chaos --seed 7 --jobs 2000 --seconds 30
"""
