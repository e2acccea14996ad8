-- FreeSWITCH's own tables with call data, in one database for the tests; on a real host
-- mod_voicemail (voicemail_<profile>.db), mod_cdr_sqlite (cdr.db) and mod_cdr_pg_csv each use one
-- of their own. For tests and for trying a manifest; never run against a live system.
-- Each statement ends with a semicolon at the end of its line.
-- Inferred: the order of columns, and all column sizes but those of voicemail_msgs.
-- dialect: sqlite
CREATE TABLE voicemail_msgs (
  created_epoch INTEGER,
  read_epoch INTEGER,
  username VARCHAR(255),
  domain VARCHAR(255),
  uuid VARCHAR(255),
  cid_name VARCHAR(255),
  cid_number VARCHAR(255),
  in_folder VARCHAR(255),
  file_path VARCHAR(255),
  message_len INTEGER,
  flags VARCHAR(255),
  read_flags VARCHAR(255),
  forwarded_by VARCHAR(255)
);
CREATE INDEX voicemail_msgs_idx1 ON voicemail_msgs(created_epoch);
CREATE INDEX voicemail_msgs_idx2 ON voicemail_msgs(username);
CREATE INDEX voicemail_msgs_idx3 ON voicemail_msgs(domain);
CREATE INDEX voicemail_msgs_idx4 ON voicemail_msgs(uuid);
CREATE INDEX voicemail_msgs_idx5 ON voicemail_msgs(in_folder);
CREATE INDEX voicemail_msgs_idx6 ON voicemail_msgs(read_flags);
CREATE INDEX voicemail_msgs_idx7 ON voicemail_msgs(forwarded_by);
CREATE INDEX voicemail_msgs_idx8 ON voicemail_msgs(read_epoch);
CREATE INDEX voicemail_msgs_idx9 ON voicemail_msgs(flags);

-- Settings of mailboxes: no call data but their owner's greeting, never touched.
CREATE TABLE voicemail_prefs (
  username VARCHAR(255),
  domain VARCHAR(255),
  name_path VARCHAR(255),
  greeting_path VARCHAR(255),
  password VARCHAR(255)
);

-- mod_cdr_sqlite: no key, times are the switch's wall clock as text.
CREATE TABLE cdr (
  caller_id_name VARCHAR,
  caller_id_number VARCHAR,
  destination_number VARCHAR,
  context VARCHAR,
  start_stamp DATETIME,
  answer_stamp DATETIME,
  end_stamp DATETIME,
  duration INTEGER,
  billsec INTEGER,
  hangup_cause VARCHAR,
  uuid VARCHAR,
  bleg_uuid VARCHAR,
  account_code VARCHAR
);
-- dialect: postgresql
CREATE TABLE voicemail_msgs (
  created_epoch INTEGER,
  read_epoch INTEGER,
  username VARCHAR(255),
  domain VARCHAR(255),
  uuid VARCHAR(255),
  cid_name VARCHAR(255),
  cid_number VARCHAR(255),
  in_folder VARCHAR(255),
  file_path VARCHAR(255),
  message_len INTEGER,
  flags VARCHAR(255),
  read_flags VARCHAR(255),
  forwarded_by VARCHAR(255)
);
CREATE INDEX voicemail_msgs_idx1 ON voicemail_msgs(created_epoch);
CREATE INDEX voicemail_msgs_idx2 ON voicemail_msgs(username);
CREATE INDEX voicemail_msgs_idx3 ON voicemail_msgs(domain);
CREATE INDEX voicemail_msgs_idx4 ON voicemail_msgs(uuid);
CREATE INDEX voicemail_msgs_idx5 ON voicemail_msgs(in_folder);
CREATE INDEX voicemail_msgs_idx6 ON voicemail_msgs(read_flags);
CREATE INDEX voicemail_msgs_idx7 ON voicemail_msgs(forwarded_by);
CREATE INDEX voicemail_msgs_idx8 ON voicemail_msgs(read_epoch);
CREATE INDEX voicemail_msgs_idx9 ON voicemail_msgs(flags);

CREATE TABLE voicemail_prefs (
  username VARCHAR(255),
  domain VARCHAR(255),
  name_path VARCHAR(255),
  greeting_path VARCHAR(255),
  password VARCHAR(255)
);

-- mod_cdr_pg_csv: the sample in its configuration; an admin may leave out or add columns.
CREATE TABLE cdr (
  id serial PRIMARY KEY,
  local_ip_v4 inet NOT NULL,
  caller_id_name varchar,
  caller_id_number varchar,
  destination_number varchar NOT NULL,
  context varchar NOT NULL,
  start_stamp timestamp with time zone NOT NULL,
  answer_stamp timestamp with time zone,
  end_stamp timestamp with time zone,
  duration integer,
  billsec integer,
  hangup_cause varchar,
  uuid uuid NOT NULL,
  bleg_uuid uuid,
  accountcode varchar,
  read_codec varchar,
  write_codec varchar,
  sip_hangup_disposition varchar,
  ani varchar
);
-- dialect: mysql
CREATE TABLE voicemail_msgs (
  created_epoch INTEGER,
  read_epoch INTEGER,
  username VARCHAR(255),
  domain VARCHAR(255),
  uuid VARCHAR(255),
  cid_name VARCHAR(255),
  cid_number VARCHAR(255),
  in_folder VARCHAR(255),
  file_path VARCHAR(255),
  message_len INTEGER,
  flags VARCHAR(255),
  read_flags VARCHAR(255),
  forwarded_by VARCHAR(255),
  KEY voicemail_msgs_idx1 (created_epoch),
  KEY voicemail_msgs_idx2 (username),
  KEY voicemail_msgs_idx3 (domain),
  KEY voicemail_msgs_idx4 (uuid),
  KEY voicemail_msgs_idx5 (in_folder),
  KEY voicemail_msgs_idx6 (read_flags),
  KEY voicemail_msgs_idx7 (forwarded_by),
  KEY voicemail_msgs_idx8 (read_epoch),
  KEY voicemail_msgs_idx9 (flags)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE voicemail_prefs (
  username VARCHAR(255),
  domain VARCHAR(255),
  name_path VARCHAR(255),
  greeting_path VARCHAR(255),
  password VARCHAR(255)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
