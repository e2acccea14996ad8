-- innovaphone's Reports app: call records as its PBX sends them. For tests and for trying a
-- manifest; never run against a live system. Each statement ends with a semicolon at the end of
-- its line.
-- Known are the tables, most columns, and that a record's utc is a number of seconds. Inferred:
-- that cdrs has a column utc, all types, keys and rules of foreign keys.
-- dialect: postgresql
CREATE TABLE cdrs (
  id bigserial PRIMARY KEY,
  guid character varying(64),
  user_guid character varying(64),
  conf character varying(64),
  sys character varying(255),
  pbx character varying(255),
  node character varying(255),
  phys character varying(255),
  device character varying(255),
  h323 character varying(255),
  e164 character varying(64),
  cn character varying(255),
  dn character varying(255),
  email character varying(255),
  dir character varying(8),
  external boolean,
  licensed boolean,
  more_calls boolean,
  conn_duration integer,
  alert_duration integer,
  call_duration integer,
  utc bigint
);

CREATE TABLE events (
  id bigserial PRIMARY KEY,
  cdr_id bigint REFERENCES cdrs (id) ON DELETE CASCADE,
  msg character varying(64),
  e164 character varying(64),
  h323 character varying(255),
  dn character varying(255)
);
