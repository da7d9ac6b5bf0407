"""What any program needs to read a trail: one SELECT in batches, each row written as JSON.

    python -m benchmarks.plain_read DATABASE_URL ROWS
"""

import json
import sys

from sqlalchemy import MetaData, Table, create_engine, select

BATCH = 1_000


def main(url: str, rows: int) -> None:
    """Write the oldest rows of a trail."""
    engine = create_engine(url)
    log = Table("activity_log", MetaData(), autoload_with=engine)
    query = select(log).order_by(log.c.id).limit(rows)
    with engine.connect() as connection:
        for row in connection.execution_options(yield_per=BATCH).execute(query).mappings():
            print(json.dumps(dict(row), default=str))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
