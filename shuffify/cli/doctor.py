"""`shuffify doctor`: what is wrong with an installation, and what helps."""

from collections.abc import Sequence

import click
from flask.cli import ScriptInfo

from shuffify.cli import ConfigurationFailure, DatabaseFailure
from shuffify.cli.terminal import echo, echo_json, harmless
from shuffify.errors import ConfigurationError
from shuffify.services import CHECKS, Finding, HealthService, State

_CORRECT = "Correct it, then run `shuffify doctor` again."


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Look at everything that has to work, and name a remedy for what does not.

    A line each for configuration, database, migrations, token keys, scheduler, clock and
    Spotify. Changes nothing. Exit codes: 0 all is well, 1 something is not, 3 the database is
    unavailable, 78 the configuration is wrong.
    """
    findings = _findings(ctx)
    if as_json:
        echo_json([finding.to_dict() for finding in findings])
    else:
        echo(map(_line, findings))
    ctx.exit(_exit_code(findings))


def _findings(ctx: click.Context) -> Sequence[Finding]:
    try:
        app = ctx.ensure_object(ScriptInfo).load_app()
    except ConfigurationError as error:
        wrong, *others = CHECKS
        why = "It cannot be looked at before the configuration is right."
        return [
            *(Finding(wrong, State.FAILED, mistake, _CORRECT) for mistake in error.mistakes),
            *(Finding(check, State.SKIPPED, why) for check in others),
        ]
    with app.app_context():
        return HealthService.diagnose()


def _line(finding: Finding) -> str:
    words = harmless(" ".join(filter(None, (finding.message, finding.remedy))))
    return f"{finding.state:<7}  {finding.check:<13}  {words}"


def _exit_code(findings: Sequence[Finding]) -> int:
    failed = {finding.check for finding in findings if finding.state is State.FAILED}
    if "configuration" in failed:
        return ConfigurationFailure.exit_code
    return DatabaseFailure.exit_code if "database" in failed else int(bool(failed))
