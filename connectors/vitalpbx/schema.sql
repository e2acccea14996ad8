-- VitalPBX's call log in the database asterisk. For tests and for trying a manifest; never run
-- against a live system. Each statement ends with a semicolon at the end of its line.
-- Known are the names of the columns. Inferred: their types (those of Asterisk's usual call log),
-- that cdr_id is the automatic primary key, and the indexes.
-- dialect: mysql
CREATE TABLE cdr (
  cdr_id bigint(20) unsigned NOT NULL AUTO_INCREMENT,
  calldate datetime NOT NULL DEFAULT '0000-00-00 00:00:00',
  clid varchar(80) NOT NULL DEFAULT '',
  source varchar(80) NOT NULL DEFAULT '',
  src varchar(80) NOT NULL DEFAULT '',
  dst varchar(80) NOT NULL DEFAULT '',
  destination varchar(80) NOT NULL DEFAULT '',
  dcontext varchar(80) NOT NULL DEFAULT '',
  channel varchar(80) NOT NULL DEFAULT '',
  dstchannel varchar(80) NOT NULL DEFAULT '',
  lastapp varchar(80) NOT NULL DEFAULT '',
  lastdata varchar(80) NOT NULL DEFAULT '',
  duration int(11) NOT NULL DEFAULT 0,
  billsec int(11) NOT NULL DEFAULT 0,
  disposition varchar(45) NOT NULL DEFAULT '',
  amaflags int(11) NOT NULL DEFAULT 0,
  uniqueid varchar(150) NOT NULL DEFAULT '',
  linkedid varchar(150) NOT NULL DEFAULT '',
  sequence int(11) NOT NULL DEFAULT 0,
  calltype varchar(20) NOT NULL DEFAULT '',
  PRIMARY KEY (cdr_id),
  KEY calldate (calldate),
  KEY uniqueid (uniqueid),
  KEY linkedid (linkedid)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
