"""The accounts service: consent, codes and tokens."""

import base64
import binascii
import hmac
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, g, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from .answers import state
from .tokens import GrantError

bp = Blueprint("accounts", __name__)

CLIENT_ID = "shuffify-sandbox-client"
CLIENT_SECRET = "shuffify-sandbox-secret"
"""Not 32 hexadecimal digits, so that neither can pass for a credential of the real service."""

SCOPES = {
    "playlist-read-private": "See your private playlists",
    "playlist-read-collaborative": "See your collaborative playlists",
    "playlist-modify-public": "Change your public playlists",
    "playlist-modify-private": "Change your private playlists",
    "user-library-read": "See what you saved",
    "user-library-modify": "Change what you saved",
    "user-top-read": "See what you listen to most",
    "user-read-recently-played": "See what you played recently",
    "user-read-private": "See your country and subscription",
    "user-read-email": "See your e-mail address",
    "user-follow-read": "See whom you follow",
    "user-follow-modify": "Change whom you follow",
    "ugc-image-upload": "Upload playlist covers",
}
VERIFIER_LENGTHS = range(43, 129)


@dataclass(frozen=True)
class Client:
    """The app that is registered with this Spotify."""

    id: str
    secret: str
    redirect_uris: tuple[str, ...]


class OauthError(Exception):
    """A refusal of the token endpoint, in its flat form."""

    def __init__(self, error: str, description: str = "") -> None:
        super().__init__(error)
        self.error, self.description = error, description


def client() -> Client:
    found: Client = g.sandbox_client
    return found


def redirect_allowed(uri: str, registered: Iterable[str]) -> bool:
    """Compare exactly; a loopback address registered without a port takes any port."""
    parts = urlsplit(uri)
    try:
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        return False
    if host == "localhost" or (parts.scheme != "https" and not _is_loopback(host)):
        return False
    without_port = parts.netloc.removesuffix(f":{port}") if port is not None else parts.netloc
    portless = parts._replace(netloc=without_port).geturl()
    return uri in registered or (_is_loopback(host) and portless in registered)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@bp.get("/authorize")
def ask_consent() -> Response | tuple[str, int]:
    problem = _authorize_problem()
    if problem:
        return render_template("sandbox/refused.html", problem=problem), 400
    wanted = request.args.get("scope", "").split()
    page = render_template("sandbox/consent.html", users=state().users.values(),
                           scopes=[SCOPES[scope] for scope in wanted])
    return Response(page)


@bp.post("/authorize")
def decide() -> BaseResponse | tuple[str, int]:
    """Take the form of the consent page: `user` and `decision` (allow or deny)."""
    user = request.form.get("user", "")
    problem = _authorize_problem()
    if not problem and request.form.get("decision") == "allow" and user not in state().users:
        problem = "Unknown user"
    if problem:
        return render_template("sandbox/refused.html", problem=problem), 400
    redirect_uri = request.args["redirect_uri"]
    if request.form.get("decision") == "allow":
        answer = {"code": state().tokens.issue_code(
            user, " ".join(request.args.get("scope", "").split()), client().id, redirect_uri,
            request.args.get("code_challenge"))}
    else:
        answer = {"error": "access_denied"}
    if "state" in request.args:
        answer["state"] = request.args["state"]
    joint = "&" if urlsplit(redirect_uri).query else "?"
    return redirect(f"{redirect_uri}{joint}{urlencode(answer)}")


def _authorize_problem() -> str | None:
    """Say why this request gets a page and not a redirect."""
    asked = request.args
    if asked.get("client_id") != client().id:
        return "INVALID_CLIENT: Invalid client"
    if not redirect_allowed(asked.get("redirect_uri", ""), client().redirect_uris):
        return "INVALID_CLIENT: Invalid redirect URI"
    if asked.get("response_type") != "code":
        return "response_type must be code"
    if any(scope not in SCOPES for scope in asked.get("scope", "").split()):
        return "INVALID_SCOPE: Invalid scope"
    if "code_challenge" in asked and asked.get("code_challenge_method") != "S256":
        return "code_challenge_method must be S256"
    return None


@bp.post("/api/token")
def exchange() -> Response:
    form = request.form
    client_id, public = _authenticate_client()
    tokens = state().tokens
    try:
        match form.get("grant_type"):
            case "authorization_code":
                grant = tokens.redeem_code(
                    form.get("code", ""), redirect_uri=form.get("redirect_uri", ""),
                    verifier=_verifier(), client_id=client_id, public=public)
            case "refresh_token":
                grant = tokens.redeem_refresh(form.get("refresh_token", ""), client_id=client_id)
            case "client_credentials" if not public:
                grant = tokens.open_grant(None, "", client_id, public=False)
            case _:
                raise OauthError("unsupported_grant_type", "grant_type parameter is invalid")
    except GrantError as error:
        raise OauthError("invalid_grant", str(error)) from None
    answer = jsonify(tokens.answer(grant, state().assumptions))
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _verifier() -> str | None:
    verifier = request.form.get("code_verifier")
    if verifier is not None and len(verifier) not in VERIFIER_LENGTHS:
        raise GrantError("code_verifier was incorrect")
    return verifier


def _authenticate_client() -> tuple[str, bool]:
    """Return the client's id and whether it is public, that is, came without its secret."""
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    if not scheme:
        if request.form.get("client_id") != client().id:
            raise OauthError("invalid_client", "Invalid client")
        return client().id, True
    try:
        client_id, _, secret = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise OauthError("invalid_client", "Invalid client") from None
    if scheme.lower() != "basic" or client_id != client().id:
        raise OauthError("invalid_client", "Invalid client")
    if not hmac.compare_digest(secret.encode(), client().secret.encode()):
        raise OauthError("invalid_client", "Invalid client secret")
    return client_id, False


@bp.errorhandler(OauthError)
def refuse(error: OauthError) -> tuple[Response, int]:
    texts = state().assumptions.oauth_texts
    description = texts.get(error.description, error.description)
    return jsonify({"error": error.error, "error_description": description}), 400
