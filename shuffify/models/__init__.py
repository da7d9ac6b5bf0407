"""The tables, one file per aggregate; `shuffify.models.db` exports all of them."""
