-- LocaPhone 3 (2011), built on Gemeinschaft 3: its call data in the database asterisk. For tests
-- and for trying a manifest; never run against a live system. Each statement ends with a semicolon
-- at the end of its line. Newer versions are unknown.
-- Of users, hosts, dial_log and vm_msgs the indexes and some types are inferred.
-- dialect: mysql
CREATE TABLE hosts (
  id mediumint(8) unsigned NOT NULL AUTO_INCREMENT,
  host varchar(15) CHARACTER SET ascii NOT NULL DEFAULT '',
  PRIMARY KEY (id),
  UNIQUE KEY host (host)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE users (
  id int(10) unsigned NOT NULL AUTO_INCREMENT,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE ast_cdr (
  _id int(10) unsigned NOT NULL AUTO_INCREMENT,
  calldate datetime NOT NULL DEFAULT '0000-00-00 00:00:00',
  uniqueid varchar(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  clid varchar(80) CHARACTER SET utf8mb3 NOT NULL DEFAULT '',
  src varchar(30) NOT NULL DEFAULT '',
  dst varchar(30) NOT NULL DEFAULT '',
  dcontext varchar(50) NOT NULL DEFAULT '',
  channel varchar(60) NOT NULL DEFAULT '',
  dstchannel varchar(60) NOT NULL DEFAULT '',
  lastapp varchar(30) NOT NULL DEFAULT '',
  lastdata varchar(80) NOT NULL DEFAULT '',
  duration mediumint(8) unsigned NOT NULL DEFAULT 0,
  billsec mediumint(8) unsigned NOT NULL DEFAULT 0,
  disposition varchar(15) NOT NULL DEFAULT '',
  amaflags tinyint(3) unsigned NOT NULL DEFAULT 0,
  accountcode varchar(25) NOT NULL DEFAULT '',
  userfield varchar(255) NOT NULL DEFAULT '',
  PRIMARY KEY (_id),
  KEY calldate (calldate),
  KEY accountcode (accountcode),
  KEY src_disposition (src(25), disposition(4)),
  KEY dst_disposition (dst(25), disposition(4)),
  KEY uniqueid (uniqueid(25))
) ENGINE=MyISAM DEFAULT CHARSET=ascii;

CREATE TABLE itemized_bill (
  id int(10) unsigned NOT NULL AUTO_INCREMENT,
  start datetime NOT NULL,
  dur mediumint(8) unsigned NOT NULL DEFAULT 0,
  is_out tinyint(1) unsigned NOT NULL,
  ext varchar(10) CHARACTER SET ascii NOT NULL,
  remote varchar(25) CHARACTER SET ascii NOT NULL,
  tariff_zone char(4) CHARACTER SET ascii NOT NULL,
  units mediumint(8) unsigned NOT NULL,
  charge float NOT NULL DEFAULT 0,
  cur char(3) CHARACTER SET ascii NOT NULL,
  vat float NOT NULL,
  cdr_id int(10) unsigned DEFAULT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY start_ext_remote_dur (start, ext, remote, dur),
  KEY ext (ext),
  KEY cdr_id (cdr_id)
) ENGINE=MyISAM DEFAULT CHARSET=latin1;

CREATE TABLE dial_log (
  user_id int(10) unsigned NOT NULL,
  type enum('in','out','missed') NOT NULL,
  timestamp int(10) unsigned NOT NULL,
  number varchar(50) CHARACTER SET ascii NOT NULL DEFAULT '',
  remote_name varchar(80) NOT NULL DEFAULT '',
  remote_user_id int(10) unsigned DEFAULT NULL,
  queue_id int(10) unsigned DEFAULT NULL,
  `read` tinyint(1) unsigned NOT NULL DEFAULT 0,
  KEY user_id (user_id),
  CONSTRAINT dial_log_ibfk_1 FOREIGN KEY (user_id) REFERENCES users (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE queue_log (
  queue_id int(10) unsigned DEFAULT NULL,
  timestamp int(10) unsigned NOT NULL DEFAULT 0,
  event varchar(20) CHARACTER SET ascii NOT NULL DEFAULT '',
  reason varchar(10) CHARACTER SET ascii DEFAULT NULL,
  ast_call_id varchar(32) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
  user_id int(10) unsigned DEFAULT NULL,
  caller varchar(50) DEFAULT NULL,
  pos mediumint(8) unsigned DEFAULT NULL,
  origpos mediumint(8) unsigned DEFAULT NULL,
  waittime mediumint(8) unsigned DEFAULT NULL,
  logindur int(10) unsigned DEFAULT NULL,
  calldur mediumint(8) unsigned DEFAULT NULL,
  info varchar(50) CHARACTER SET ascii DEFAULT NULL,
  KEY queue_timestamp (queue_id, timestamp),
  KEY queue_event_timestamp (queue_id, event, timestamp),
  KEY queue_event_reason_timestamp (queue_id, event, reason, timestamp),
  KEY timestamp (timestamp),
  KEY ast_call_id (ast_call_id(25)),
  KEY user_id (user_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;

CREATE TABLE vm_msgs (
  id int(10) unsigned NOT NULL AUTO_INCREMENT,
  host_id mediumint(8) unsigned NOT NULL,
  mbox varchar(20) CHARACTER SET ascii NOT NULL,
  user_id int(10) unsigned NOT NULL,
  orig_mbox varchar(20) CHARACTER SET ascii NOT NULL,
  folder varchar(20) CHARACTER SET ascii NOT NULL,
  file varchar(20) CHARACTER SET ascii NOT NULL,
  orig_time int(10) unsigned NOT NULL,
  dur mediumint(8) unsigned NOT NULL,
  callerchan varchar(60) CHARACTER SET ascii NOT NULL,
  cidnum varchar(40) CHARACTER SET ascii NOT NULL,
  cidname varchar(80) NOT NULL,
  listened_to tinyint(1) unsigned NOT NULL DEFAULT 0,
  PRIMARY KEY (id),
  KEY host_id (host_id),
  KEY user_id (user_id),
  CONSTRAINT vm_msgs_ibfk_1 FOREIGN KEY (host_id) REFERENCES hosts (id),
  CONSTRAINT vm_msgs_ibfk_2 FOREIGN KEY (user_id) REFERENCES users (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;
