"""What the other tests stand on does what it says."""

from __future__ import annotations

import psycopg
import pymysql
import pytest
from support.servers import MariaDB, PostgreSQL


def test_a_killed_mariadb_comes_back_with_what_was_committed(mariadb: MariaDB) -> None:
    name = mariadb.create_database("support")
    with mariadb.admin(name) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE t (a int) ENGINE=InnoDB")
        cursor.execute("INSERT INTO t VALUES (1)")
    mariadb.kill()
    with pytest.raises(pymysql.err.OperationalError):
        mariadb.admin(name)
    mariadb.restart()
    with mariadb.admin(name) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT a FROM t")
        assert cursor.fetchall() == ((1,),)


def test_a_mariadb_login_has_only_its_grants(mariadb: MariaDB) -> None:
    name = mariadb.create_database("support")
    with mariadb.admin(name) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE t (a int)")
    mariadb.create_user("u", password="p", database=name, grants={"t": "SELECT"})
    with (
        pymysql.connect(
            host=mariadb.host, port=mariadb.port, user="u", password="p", database=name
        ) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT a FROM t")
        with pytest.raises(pymysql.err.OperationalError):
            cursor.execute("DELETE FROM t")


def test_a_killed_postgresql_comes_back_with_what_was_committed(postgresql: PostgreSQL) -> None:
    name = postgresql.create_database("support")
    with postgresql.admin(name) as connection:
        connection.execute("CREATE TABLE t (a int)")
        connection.execute("INSERT INTO t VALUES (1)")
    postgresql.kill()
    with pytest.raises(psycopg.OperationalError):
        postgresql.admin(name)
    postgresql.restart()
    with postgresql.admin(name) as connection:
        assert connection.execute("SELECT a FROM t").fetchall() == [(1,)]


def test_a_postgresql_login_needs_its_password_and_has_only_its_grants(
    postgresql: PostgreSQL,
) -> None:
    name = postgresql.create_database("support")
    with postgresql.admin(name) as connection:
        connection.execute("CREATE TABLE t (a int)")
    postgresql.create_user("u", password="p", database=name, grants={"t": "SELECT"})
    address = f"host={postgresql.host} port={postgresql.port} dbname={name} user=u"
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(f"{address} password=wrong")
    with psycopg.connect(f"{address} password=p") as connection:
        connection.execute("SELECT a FROM t")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DELETE FROM t")
