-- OpenSIPS's tables with call data, as its own scripts make them, and three that must be left alone
-- (version, dialog, cc_calls; the last two shortened). For tests and for trying a manifest; never run
-- against a live system. Each statement ends with a semicolon at the end of its line.
-- Columns for caller and callee, cdr_id and the table cdrs are added by sites and inferred.
-- dialect: mysql
CREATE TABLE version (
  table_name char(32) NOT NULL,
  table_version int(10) unsigned NOT NULL DEFAULT 0,
  PRIMARY KEY (table_name)
) ENGINE=InnoDB;

CREATE TABLE acc (
  id int(10) unsigned NOT NULL AUTO_INCREMENT,
  method char(16) NOT NULL DEFAULT '',
  from_tag char(64) NOT NULL DEFAULT '',
  to_tag char(64) NOT NULL DEFAULT '',
  callid char(64) NOT NULL DEFAULT '',
  sip_code char(3) NOT NULL DEFAULT '',
  sip_reason char(32) NOT NULL DEFAULT '',
  time datetime NOT NULL,
  duration int(11) unsigned NOT NULL DEFAULT 0,
  ms_duration int(11) unsigned NOT NULL DEFAULT 0,
  setuptime int(11) unsigned NOT NULL DEFAULT 0,
  created datetime DEFAULT NULL,
  PRIMARY KEY (id),
  KEY callid_idx (callid)
) ENGINE=InnoDB;

CREATE TABLE missed_calls (
  id int(10) unsigned NOT NULL AUTO_INCREMENT,
  method char(16) NOT NULL DEFAULT '',
  from_tag char(64) NOT NULL DEFAULT '',
  to_tag char(64) NOT NULL DEFAULT '',
  callid char(64) NOT NULL DEFAULT '',
  sip_code char(3) NOT NULL DEFAULT '',
  sip_reason char(32) NOT NULL DEFAULT '',
  time datetime NOT NULL,
  setuptime int(11) unsigned NOT NULL DEFAULT 0,
  created datetime DEFAULT NULL,
  PRIMARY KEY (id),
  KEY callid_idx (callid)
) ENGINE=InnoDB;

CREATE TABLE sip_trace (
  id int(10) unsigned NOT NULL AUTO_INCREMENT,
  time_stamp datetime NOT NULL DEFAULT '1900-01-01 00:00:01',
  callid char(255) NOT NULL DEFAULT '',
  trace_attrs char(255) DEFAULT NULL,
  msg text NOT NULL,
  method char(32) NOT NULL DEFAULT '',
  status char(255) DEFAULT NULL,
  from_proto char(5) NOT NULL,
  from_ip char(50) NOT NULL DEFAULT '',
  from_port int(5) unsigned NOT NULL,
  to_proto char(5) NOT NULL,
  to_ip char(50) NOT NULL DEFAULT '',
  to_port int(5) unsigned NOT NULL,
  fromtag char(64) NOT NULL DEFAULT '',
  direction char(4) NOT NULL DEFAULT '',
  PRIMARY KEY (id),
  KEY trace_attrs_idx (trace_attrs),
  KEY date_idx (time_stamp),
  KEY fromip_idx (from_ip),
  KEY callid_idx (callid)
) ENGINE=InnoDB;

CREATE TABLE silo (
  id int(10) unsigned NOT NULL AUTO_INCREMENT,
  src_addr char(255) NOT NULL DEFAULT '',
  dst_addr char(255) NOT NULL DEFAULT '',
  username char(64) NOT NULL DEFAULT '',
  domain char(64) NOT NULL DEFAULT '',
  inc_time int(11) NOT NULL DEFAULT 0,
  exp_time int(11) NOT NULL DEFAULT 0,
  snd_time int(11) NOT NULL DEFAULT 0,
  ctype char(255) DEFAULT NULL,
  body blob DEFAULT NULL,
  PRIMARY KEY (id),
  KEY account_idx (username, domain)
) ENGINE=InnoDB;

CREATE TABLE cc_cdrs (
  id int(10) unsigned NOT NULL AUTO_INCREMENT,
  caller char(64) NOT NULL,
  received_timestamp datetime NOT NULL,
  wait_time int(11) unsigned NOT NULL DEFAULT 0,
  pickup_time int(11) unsigned NOT NULL DEFAULT 0,
  talk_time int(11) unsigned NOT NULL DEFAULT 0,
  flow_id char(128) NOT NULL,
  agent_id char(128) DEFAULT NULL,
  call_type int(11) NOT NULL DEFAULT -1,
  rejected int(11) unsigned NOT NULL DEFAULT 0,
  fstats int(11) unsigned NOT NULL DEFAULT 0,
  cid int(11) unsigned DEFAULT 0,
  PRIMARY KEY (id)
) ENGINE=InnoDB;

CREATE TABLE cc_calls (
  id int(10) unsigned NOT NULL AUTO_INCREMENT,
  state int(11) NOT NULL,
  recv_time int(11) NOT NULL,
  caller_dn char(128) NOT NULL,
  caller_un char(128) NOT NULL,
  b2buaid char(128) NOT NULL DEFAULT '',
  PRIMARY KEY (id),
  UNIQUE KEY unique_id (b2buaid)
) ENGINE=InnoDB;

CREATE TABLE dialog (
  dlg_id bigint(10) unsigned NOT NULL,
  callid char(255) NOT NULL,
  from_uri char(255) NOT NULL,
  from_tag char(64) NOT NULL,
  to_uri char(255) NOT NULL,
  to_tag char(64) NOT NULL,
  state int(10) unsigned NOT NULL,
  start_time int(10) unsigned NOT NULL,
  timeout int(10) unsigned NOT NULL,
  PRIMARY KEY (dlg_id)
) ENGINE=InnoDB;

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

ALTER TABLE acc ADD COLUMN cdr_id bigint(20) NOT NULL DEFAULT 0;

CREATE TABLE cdrs (
  cdr_id bigint(20) NOT NULL AUTO_INCREMENT,
  call_start_time datetime NOT NULL DEFAULT '2000-01-01 00:00:00',
  duration int(10) unsigned NOT NULL DEFAULT 0,
  sip_call_id varchar(128) NOT NULL DEFAULT '',
  sip_from_tag varchar(128) NOT NULL DEFAULT '',
  sip_to_tag varchar(128) NOT NULL DEFAULT '',
  created datetime NOT NULL,
  PRIMARY KEY (cdr_id),
  UNIQUE KEY uk_cft (sip_call_id, sip_from_tag, sip_to_tag)
) ENGINE=InnoDB;

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
  callid varchar(64) NOT NULL DEFAULT '',
  sip_code varchar(3) NOT NULL DEFAULT '',
  sip_reason varchar(32) NOT NULL DEFAULT '',
  time timestamp without time zone NOT NULL,
  duration integer NOT NULL DEFAULT 0,
  ms_duration integer NOT NULL DEFAULT 0,
  setuptime integer NOT NULL DEFAULT 0,
  created timestamp without time zone DEFAULT NULL
);

CREATE INDEX acc_callid_idx ON acc (callid);

ALTER SEQUENCE acc_id_seq MAXVALUE 2147483647 CYCLE;

CREATE TABLE missed_calls (
  id serial PRIMARY KEY,
  method varchar(16) NOT NULL DEFAULT '',
  from_tag varchar(64) NOT NULL DEFAULT '',
  to_tag varchar(64) NOT NULL DEFAULT '',
  callid varchar(64) NOT NULL DEFAULT '',
  sip_code varchar(3) NOT NULL DEFAULT '',
  sip_reason varchar(32) NOT NULL DEFAULT '',
  time timestamp without time zone NOT NULL
);

CREATE INDEX missed_calls_callid_idx ON missed_calls (callid);

ALTER SEQUENCE missed_calls_id_seq MAXVALUE 2147483647 CYCLE;

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
