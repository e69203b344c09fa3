"""What PostgreSQL's errors mean for the one who watches, and what there is to check."""

import re
from collections.abc import Mapping

import psycopg
from psycopg import errors

from backend.errors import BadAnswer, NotAllowed, Refused, SourceError, TimedOut
from backend.text import clean

_MISSING_RIGHT = re.compile(
    r"password|authentication|pg_hba|role \S+ (?:does not exist|is not permitted)|permission denied", re.I
)
_NO_DATABASE = re.compile(r"database \S+ does not exist", re.I)
_NOT_YET = re.compile(r"starting up|shutting down|recovery mode|too many|remaining connection slots", re.I)
_SLOW = re.compile(r"timeout expired|timed out", re.I)


def connect_failure(error: psycopg.Error | OSError, told: Mapping[str, object]) -> SourceError:
    """Why no connection could be made; `told` is the DSN's own word, whose password is never repeated."""
    said = clean(error, 2000)
    for secret in ("password", "sslpassword"):
        if value := told.get(secret):
            said = said.replace(str(value), "***")
    host, port = told.get("hostaddr") or told.get("host") or "the local socket", told.get("port") or 5432
    where, detail = clean(f"{host}:{port}", 120), clean(said, 300)
    if isinstance(error, errors.ConnectionTimeout) or _SLOW.search(said):
        return TimedOut(f"the database at {where} did not take the connection in time", detail)
    if _MISSING_RIGHT.search(said):
        user = clean(told.get("user") or "this user", 60)
        return NotAllowed(f"the database does not let {user} in: check the user, ~/.pgpass or passfile=", detail)
    if _NO_DATABASE.search(said):
        return BadAnswer(f"there is no database {clean(told.get('dbname'), 60)} at {where}; check database.dsn", detail)
    if _NOT_YET.search(said):
        return Refused(
            f"the database at {where} takes no connection now: {said.rpartition('FATAL:')[2].strip()[:120]}", detail
        )
    return Refused(f"no database answers at {where} (database.dsn): is it running?", detail)


def query_failure(error: psycopg.Error) -> SourceError:
    """Why a question was not answered."""
    said = clean(error, 300)
    match error:
        case errors.QueryCanceled():
            return TimedOut("the database took longer than 2 s and was told to stop", said)
        case errors.LockNotAvailable():
            return Refused("what was asked is locked; the lock was not waited for", said)
        case errors.InsufficientPrivilege():
            return NotAllowed("the database user lacks the right to see this: grant it pg_monitor", said)
        case errors.UndefinedTable() | errors.UndefinedColumn() | errors.UndefinedFunction():
            return BadAnswer("the database lacks what was asked for: is it PostgreSQL 13 or newer?", said)
        case psycopg.OperationalError() | psycopg.InterfaceError():
            return Refused("the database broke the connection; the next look opens a new one", said)
        case _:
            return BadAnswer("the database answered with an error", said)
