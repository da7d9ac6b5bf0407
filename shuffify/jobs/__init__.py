"""The scheduler: which process leads, when schedules run, and what each run is wrapped in.

    leadership   the lock that one process holds
    scheduler    looks after the lock, and begins and ends terms
    term         from taking the lock to losing it: triggers and workers
    plan         what is due, and which triggers change: pure
    runner       what the workers do; the only place here that meets the database
"""
