"""Users: the one who calls, and others where the profile still shows them."""

from flask import Blueprint, Response, jsonify

from .answers import forbidden, not_found, profile, state
from .caller import caller, current_user
from .library import User
from .shapes import Json, images, owner_shape

bp = Blueprint("profile", __name__)
AVATAR_SIZES = (300, 64)


@bp.get("/me")
def read_me() -> Response:
    user = current_user()
    shape = {**owner_shape(user), "images": images(user.id, AVATAR_SIZES)}
    if state().assumptions.account_id:
        shape["account_id"] = user.account_id
    if profile().legacy:
        shape |= _personal_shape(user)
    return jsonify(shape)


def _personal_shape(user: User) -> Json:
    shape: Json = {"followers": {"href": None, "total": 3}}
    if "user-read-email" in caller().scopes:
        shape["email"] = user.email
    if "user-read-private" in caller().scopes:
        shape |= {"country": user.country, "product": "premium",
                  "explicit_content": {"filter_enabled": False, "filter_locked": False}}
    return shape


@bp.get("/users/<user_id>")
def read_user(user_id: str) -> Response:
    if not profile().legacy:
        raise forbidden()
    user = state().users.get(user_id)
    if user is None:
        raise not_found()
    return jsonify({**owner_shape(user), "images": images(user.id, AVATAR_SIZES),
                    "followers": {"href": None, "total": 3}})
