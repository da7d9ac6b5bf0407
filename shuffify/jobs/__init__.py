"""The scheduler: when schedules run, and which process runs them."""
