-- Kamailio's tables with call data, as its own scripts make them, and two that must be left alone
-- (version, dialog). For tests and for trying a manifest; never run against a live system. Each
-- statement ends with a semicolon at the end of its line.
-- The columns for caller and callee are those of the sample configuration. The table cdrs and
-- cdr_id come from the stored procedure that many sites add (MySQL only).
-- dialect: mysql
CREATE TABLE version (
  table_name varchar(32) NOT NULL,
  table_version int(10) unsigned NOT NULL DEFAULT 0,
  PRIMARY KEY (table_name)
);

CREATE TABLE acc (
  id int(10) unsigned NOT NULL AUTO_INCREMENT,
  method varchar(16) NOT NULL DEFAULT '',
  from_tag varchar(64) NOT NULL DEFAULT '',
  to_tag varchar(64) NOT NULL DEFAULT '',
  callid varchar(255) NOT NULL DEFAULT '',
  sip_code varchar(3) NOT NULL DEFAULT '',
  sip_reason varchar(128) NOT NULL DEFAULT '',
  time datetime NOT NULL,
  PRIMARY KEY (id),
  KEY callid_idx (callid)
);

CREATE TABLE missed_calls (
  id int(10) unsigned NOT NULL AUTO_INCREMENT,
  method varchar(16) NOT NULL DEFAULT '',
  from_tag varchar(64) NOT NULL DEFAULT '',
  to_tag varchar(64) NOT NULL DEFAULT '',
  callid varchar(255) NOT NULL DEFAULT '',
  sip_code varchar(3) NOT NULL DEFAULT '',
  sip_reason varchar(128) NOT NULL DEFAULT '',
  time datetime NOT NULL,
  PRIMARY KEY (id),
  KEY callid_idx (callid)
);

CREATE TABLE acc_cdrs (
  id int(10) unsigned NOT NULL AUTO_INCREMENT,
  start_time datetime NOT NULL DEFAULT '2000-01-01 00:00:00',
  end_time datetime NOT NULL DEFAULT '2000-01-01 00:00:00',
  duration float(10,3) NOT NULL DEFAULT 0.000,
  PRIMARY KEY (id),
  KEY start_time_idx (start_time)
);

CREATE TABLE sip_trace (
  id int(10) unsigned NOT NULL AUTO_INCREMENT,
  time_stamp datetime NOT NULL DEFAULT '1900-01-01 00:00:01',
  time_us int(10) unsigned NOT NULL DEFAULT 0,
  callid varchar(255) NOT NULL DEFAULT '',
  traced_user varchar(128) NOT NULL DEFAULT '',
  msg mediumtext NOT NULL,
  method varchar(50) NOT NULL DEFAULT '',
  status varchar(128) NOT NULL DEFAULT '',
  fromip varchar(50) NOT NULL DEFAULT '',
  toip varchar(50) NOT NULL DEFAULT '',
  fromtag varchar(64) NOT NULL DEFAULT '',
  totag varchar(64) NOT NULL DEFAULT '',
  direction varchar(4) NOT NULL DEFAULT '',
  PRIMARY KEY (id),
  KEY traced_user_idx (traced_user),
  KEY date_idx (time_stamp),
  KEY fromip_idx (fromip),
  KEY callid_idx (callid)
);

CREATE TABLE silo (
  id int(10) unsigned NOT NULL AUTO_INCREMENT,
  src_addr varchar(128) NOT NULL DEFAULT '',
  dst_addr varchar(128) NOT NULL DEFAULT '',
  username varchar(64) NOT NULL DEFAULT '',
  domain varchar(64) NOT NULL DEFAULT '',
  inc_time int(11) NOT NULL DEFAULT 0,
  exp_time int(11) NOT NULL DEFAULT 0,
  snd_time int(11) NOT NULL DEFAULT 0,
  ctype varchar(32) NOT NULL DEFAULT 'text/plain',
  body blob DEFAULT NULL,
  extra_hdrs text DEFAULT NULL,
  callid varchar(128) NOT NULL DEFAULT '',
  status int(11) NOT NULL DEFAULT 0,
  PRIMARY KEY (id),
  KEY account_idx (username, domain)
);

CREATE TABLE dialog (
  id int(10) unsigned NOT NULL AUTO_INCREMENT,
  hash_entry int(10) unsigned NOT NULL,
  hash_id int(10) unsigned NOT NULL,
  callid varchar(255) NOT NULL,
  from_uri varchar(128) NOT NULL,
  from_tag varchar(64) NOT NULL,
  to_uri varchar(128) NOT NULL,
  to_tag varchar(64) NOT NULL,
  state int(10) unsigned NOT NULL,
  start_time int(10) unsigned NOT NULL,
  timeout int(10) unsigned NOT NULL DEFAULT 0,
  req_uri varchar(128) NOT NULL,
  PRIMARY KEY (id),
  KEY hash_idx (hash_entry, hash_id)
);

-- Added by sites.

ALTER TABLE acc
  ADD COLUMN src_user varchar(64) NOT NULL DEFAULT '',
  ADD COLUMN src_domain varchar(128) NOT NULL DEFAULT '',
  ADD COLUMN src_ip varchar(64) NOT NULL DEFAULT '',
  ADD COLUMN dst_ouser varchar(64) NOT NULL DEFAULT '',
  ADD COLUMN dst_user varchar(64) NOT NULL DEFAULT '',
  ADD COLUMN dst_domain varchar(128) NOT NULL DEFAULT '';

ALTER TABLE missed_calls
  ADD COLUMN src_user varchar(64) NOT NULL DEFAULT '',
  ADD COLUMN src_domain varchar(128) NOT NULL DEFAULT '',
  ADD COLUMN src_ip varchar(64) NOT NULL DEFAULT '',
  ADD COLUMN dst_ouser varchar(64) NOT NULL DEFAULT '',
  ADD COLUMN dst_user varchar(64) NOT NULL DEFAULT '',
  ADD COLUMN dst_domain varchar(128) NOT NULL DEFAULT '';

ALTER TABLE acc ADD COLUMN cdr_id int(11) NOT NULL DEFAULT 0;

ALTER TABLE missed_calls ADD COLUMN cdr_id int(11) NOT NULL DEFAULT 0;

CREATE TABLE cdrs (
  cdr_id bigint(20) NOT NULL AUTO_INCREMENT,
  src_username varchar(64) NOT NULL DEFAULT '',
  src_domain varchar(128) NOT NULL DEFAULT '',
  dst_username varchar(64) NOT NULL DEFAULT '',
  dst_domain varchar(128) NOT NULL DEFAULT '',
  dst_ousername varchar(64) NOT NULL DEFAULT '',
  call_start_time datetime NOT NULL DEFAULT '2000-01-01 00:00:00',
  duration int(10) unsigned NOT NULL DEFAULT 0,
  sip_call_id varchar(128) NOT NULL DEFAULT '',
  sip_from_tag varchar(128) NOT NULL DEFAULT '',
  sip_to_tag varchar(128) NOT NULL DEFAULT '',
  src_ip varchar(64) NOT NULL DEFAULT '',
  cost int(11) NOT NULL DEFAULT 0,
  rated int(11) NOT NULL DEFAULT 0,
  created datetime NOT NULL,
  PRIMARY KEY (cdr_id),
  UNIQUE KEY uk_cft (sip_call_id, sip_from_tag, sip_to_tag)
);

-- dialect: postgresql
CREATE TABLE version (
  table_name varchar(32) PRIMARY KEY,
  table_version integer NOT NULL DEFAULT 0
);

CREATE TABLE acc (
  id serial PRIMARY KEY,
  method varchar(16) NOT NULL DEFAULT '',
  from_tag varchar(64) NOT NULL DEFAULT '',
  to_tag varchar(64) NOT NULL DEFAULT '',
  callid varchar(255) NOT NULL DEFAULT '',
  sip_code varchar(3) NOT NULL DEFAULT '',
  sip_reason varchar(128) NOT NULL DEFAULT '',
  time timestamp without time zone NOT NULL
);

CREATE INDEX acc_callid_idx ON acc (callid);

CREATE TABLE missed_calls (
  id serial PRIMARY KEY,
  method varchar(16) NOT NULL DEFAULT '',
  from_tag varchar(64) NOT NULL DEFAULT '',
  to_tag varchar(64) NOT NULL DEFAULT '',
  callid varchar(255) NOT NULL DEFAULT '',
  sip_code varchar(3) NOT NULL DEFAULT '',
  sip_reason varchar(128) NOT NULL DEFAULT '',
  time timestamp without time zone NOT NULL
);

CREATE INDEX missed_calls_callid_idx ON missed_calls (callid);

CREATE TABLE acc_cdrs (
  id serial PRIMARY KEY,
  start_time timestamp without time zone NOT NULL,
  end_time timestamp without time zone NOT NULL,
  duration real NOT NULL
);

CREATE INDEX acc_cdrs_start_time_idx ON acc_cdrs (start_time);

CREATE TABLE silo (
  id serial PRIMARY KEY,
  src_addr varchar(128) NOT NULL DEFAULT '',
  dst_addr varchar(128) NOT NULL DEFAULT '',
  username varchar(64) NOT NULL DEFAULT '',
  domain varchar(64) NOT NULL DEFAULT '',
  inc_time integer NOT NULL DEFAULT 0,
  exp_time integer NOT NULL DEFAULT 0,
  snd_time integer NOT NULL DEFAULT 0,
  ctype varchar(32) NOT NULL DEFAULT 'text/plain',
  body bytea,
  extra_hdrs text,
  callid varchar(128) NOT NULL DEFAULT '',
  status integer NOT NULL DEFAULT 0
);

CREATE INDEX silo_account_idx ON silo (username, domain);

-- Added by sites.

ALTER TABLE acc
  ADD COLUMN src_user varchar(64) NOT NULL DEFAULT '',
  ADD COLUMN src_domain varchar(128) NOT NULL DEFAULT '',
  ADD COLUMN src_ip varchar(64) NOT NULL DEFAULT '',
  ADD COLUMN dst_ouser varchar(64) NOT NULL DEFAULT '',
  ADD COLUMN dst_user varchar(64) NOT NULL DEFAULT '',
  ADD COLUMN dst_domain varchar(128) NOT NULL DEFAULT '';

ALTER TABLE missed_calls
  ADD COLUMN src_user varchar(64) NOT NULL DEFAULT '',
  ADD COLUMN src_domain varchar(128) NOT NULL DEFAULT '',
  ADD COLUMN src_ip varchar(64) NOT NULL DEFAULT '',
  ADD COLUMN dst_ouser varchar(64) NOT NULL DEFAULT '',
  ADD COLUMN dst_user varchar(64) NOT NULL DEFAULT '',
  ADD COLUMN dst_domain varchar(128) NOT NULL DEFAULT '';
