"""The control endpoint, on the sandbox's own port only: `Controls` over HTTP."""

from typing import Any

from flask import Blueprint, Response, g, jsonify, request

from .controls import ControlError, Controls

bp = Blueprint("control", __name__, url_prefix="/__sandbox")


def controls() -> Controls:
    found: Controls = g.sandbox_controls
    return found


def _body() -> dict[str, Any]:
    body = request.get_json(force=True, silent=True) if request.data else {}
    if not isinstance(body, dict):
        raise ControlError("the body is no JSON object")
    return body


@bp.errorhandler(ControlError)
@bp.errorhandler(TypeError)
def refuse(error: ValueError | TypeError) -> tuple[Response, int]:
    return jsonify({"error": str(error)}), 400


@bp.get("/state")
def read_state() -> Response:
    return jsonify(controls().describe(request.args.get("playlist")))


@bp.post("/state")
def edit_state() -> Response:
    fields = _body()
    op = fields.pop("op", None)
    if op == "create":
        playlist_id = controls().create(**fields)
        return jsonify({"id": playlist_id, "snapshot_id": controls().snapshot_id(playlist_id)})
    playlist_id = fields.pop("playlist", None)
    return jsonify({"snapshot_id": controls().edit(playlist_id, op, **fields)})


@bp.post("/reset")
def reset() -> Response:
    body = _body()
    controls().reset(body.get("profile"), keep_tokens=bool(body.get("keep_tokens")))
    return read_profile()


@bp.get("/profile")
def read_profile() -> Response:
    return jsonify({"profile": controls().profile, "assumptions": controls().assumptions})


@bp.post("/profile")
def change_profile() -> Response:
    body = _body()
    if "profile" in body:
        controls().set_profile(body["profile"])
    controls().assume(**body.get("assumptions", {}))
    return read_profile()


@bp.get("/clock")
def read_clock() -> Response:
    return jsonify({"now": controls().now()})


@bp.post("/clock")
def move_clock() -> Response:
    body = _body()
    controls().advance(float(body.get("advance", 0)))
    user = body.get("user")
    match body.get("expire"):
        case "access":
            controls().expire_access_tokens(user)
        case "refresh":
            controls().expire_refresh_tokens(user)
        case None:
            pass
        case other:
            raise ControlError(f"expire {other!r} is neither access nor refresh")
    if body.get("revoke"):
        controls().revoke(user)
    return read_clock()


@bp.get("/faults")
def read_faults() -> Response:
    return jsonify(controls().pending_faults())


@bp.post("/faults")
def plan_faults() -> Response:
    body = request.get_json(force=True, silent=True)
    faults = body if isinstance(body, list) else [body]
    for fault in faults:
        if not isinstance(fault, dict):
            raise ControlError("a fault is a JSON object")
        controls().fault(**fault)
    return read_faults()


@bp.delete("/faults")
def clear_faults() -> Response:
    controls().clear_faults()
    return read_faults()


@bp.get("/requests")
def read_requests() -> Response:
    return jsonify(controls().requests(request.args.get("path", "*"),
                                       request.args.get("method", "*")))


@bp.delete("/requests")
def clear_requests() -> Response:
    controls().clear_requests()
    return jsonify([])
