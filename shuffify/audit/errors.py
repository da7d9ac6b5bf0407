"""What the engine refuses, loudly, before anything is recorded.

    AuditError
    ├── PolicyError      a declaration that cannot work: says which model, and the remedy
    └── WatchError       a target or base that cannot be watched

Nothing here is ever raised by a flush or a commit: rule A2.
"""


class AuditError(Exception):
    """Base of the engine's own errors."""


class PolicyError(AuditError):
    """A model's ``__audit__`` contradicts its columns or another model."""

    def __init__(self, model: str, problem: str, remedy: str) -> None:
        super().__init__(f"{model}.__audit__: {problem}. {remedy}.")
        self.model = model
        self.problem = problem
        self.remedy = remedy


class WatchError(AuditError):
    """`AuditTrail.watch` was given something that is no session factory or no model base."""
