-- NethVoice 8's database asteriskcdrdb, as its installer makes it. For tests and for trying a
-- manifest; never run against a live system. Each statement ends with a semicolon at the end of
-- its line. Newer releases add a few indexes to the queue tables and the column agents to
-- report_queue. The nightly job drops tmp_cdr and makes it anew like cdr.
-- dialect: mysql
CREATE TABLE cdr (
  calldate datetime NOT NULL DEFAULT '1000-01-01 00:00:00',
  clid varchar(80) NOT NULL DEFAULT '',
  src varchar(80) NOT NULL DEFAULT '',
  dst varchar(80) NOT NULL DEFAULT '',
  dcontext varchar(80) NOT NULL DEFAULT '',
  channel varchar(80) NOT NULL DEFAULT '',
  dstchannel varchar(80) NOT NULL DEFAULT '',
  lastapp varchar(80) NOT NULL DEFAULT '',
  lastdata varchar(80) NOT NULL DEFAULT '',
  duration int(11) NOT NULL DEFAULT 0,
  billsec int(11) NOT NULL DEFAULT 0,
  disposition varchar(45) NOT NULL DEFAULT '',
  amaflags int(11) NOT NULL DEFAULT 0,
  accountcode varchar(20) NOT NULL DEFAULT '',
  uniqueid varchar(32) NOT NULL DEFAULT '',
  userfield varchar(255) NOT NULL DEFAULT '',
  did varchar(50) NOT NULL DEFAULT '',
  recordingfile varchar(255) NOT NULL DEFAULT '',
  cnum varchar(80) NOT NULL DEFAULT '',
  cnam varchar(80) NOT NULL DEFAULT '',
  outbound_cnum varchar(80) NOT NULL DEFAULT '',
  outbound_cnam varchar(80) NOT NULL DEFAULT '',
  dst_cnam varchar(80) NOT NULL DEFAULT '',
  linkedid varchar(32) NOT NULL DEFAULT '',
  peeraccount varchar(80) NOT NULL DEFAULT '',
  sequence int(11) NOT NULL DEFAULT 0,
  ccompany varchar(80) NOT NULL DEFAULT '',
  dst_ccompany varchar(80) NOT NULL DEFAULT '',
  KEY calldate (calldate),
  KEY dst (dst),
  KEY accountcode (accountcode),
  KEY uniqueid (uniqueid),
  KEY did (did),
  KEY recordingfile (recordingfile(191)),
  KEY clid (clid),
  KEY cnum (cnum)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- A second full copy of each call, cleaned by a timer.
CREATE TABLE daily_cdr (
  calldate datetime NOT NULL DEFAULT '1000-01-01 00:00:00',
  clid varchar(80) NOT NULL DEFAULT '',
  src varchar(80) NOT NULL DEFAULT '',
  dst varchar(80) NOT NULL DEFAULT '',
  dcontext varchar(80) NOT NULL DEFAULT '',
  channel varchar(80) NOT NULL DEFAULT '',
  dstchannel varchar(80) NOT NULL DEFAULT '',
  lastapp varchar(80) NOT NULL DEFAULT '',
  lastdata varchar(80) NOT NULL DEFAULT '',
  duration int(11) NOT NULL DEFAULT 0,
  billsec int(11) NOT NULL DEFAULT 0,
  disposition varchar(45) NOT NULL DEFAULT '',
  amaflags int(11) NOT NULL DEFAULT 0,
  accountcode varchar(20) NOT NULL DEFAULT '',
  uniqueid varchar(32) NOT NULL DEFAULT '',
  userfield varchar(255) NOT NULL DEFAULT '',
  did varchar(50) NOT NULL DEFAULT '',
  recordingfile varchar(255) NOT NULL DEFAULT '',
  cnum varchar(80) NOT NULL DEFAULT '',
  cnam varchar(80) NOT NULL DEFAULT '',
  outbound_cnum varchar(80) NOT NULL DEFAULT '',
  outbound_cnam varchar(80) NOT NULL DEFAULT '',
  dst_cnam varchar(80) NOT NULL DEFAULT '',
  linkedid varchar(32) NOT NULL DEFAULT '',
  peeraccount varchar(80) NOT NULL DEFAULT '',
  sequence int(11) NOT NULL DEFAULT 0,
  ccompany varchar(80) NOT NULL DEFAULT '',
  dst_ccompany varchar(80) NOT NULL DEFAULT '',
  KEY calldate (calldate),
  KEY dst (dst),
  KEY accountcode (accountcode),
  KEY uniqueid (uniqueid),
  KEY did (did),
  KEY recordingfile (recordingfile(191)),
  KEY clid (clid),
  KEY cnum (cnum)
) ENGINE=MyISAM DEFAULT CHARSET=utf8mb4;

CREATE TABLE tmp_cdr (
  calldate datetime NOT NULL DEFAULT '1000-01-01 00:00:00',
  clid varchar(80) NOT NULL DEFAULT '',
  src varchar(80) NOT NULL DEFAULT '',
  dst varchar(80) NOT NULL DEFAULT '',
  dcontext varchar(80) NOT NULL DEFAULT '',
  channel varchar(80) NOT NULL DEFAULT '',
  dstchannel varchar(80) NOT NULL DEFAULT '',
  lastapp varchar(80) NOT NULL DEFAULT '',
  lastdata varchar(80) NOT NULL DEFAULT '',
  duration int(11) NOT NULL DEFAULT 0,
  billsec int(11) NOT NULL DEFAULT 0,
  disposition varchar(45) NOT NULL DEFAULT '',
  amaflags int(11) NOT NULL DEFAULT 0,
  accountcode varchar(20) NOT NULL DEFAULT '',
  uniqueid varchar(32) NOT NULL DEFAULT '',
  userfield varchar(255) NOT NULL DEFAULT '',
  did varchar(50) NOT NULL DEFAULT '',
  recordingfile varchar(255) NOT NULL DEFAULT '',
  cnum varchar(80) NOT NULL DEFAULT '',
  cnam varchar(80) NOT NULL DEFAULT '',
  outbound_cnum varchar(80) NOT NULL DEFAULT '',
  outbound_cnam varchar(80) NOT NULL DEFAULT '',
  dst_cnam varchar(80) NOT NULL DEFAULT '',
  linkedid varchar(32) NOT NULL DEFAULT '',
  peeraccount varchar(80) NOT NULL DEFAULT '',
  sequence int(11) NOT NULL DEFAULT 0,
  ccompany varchar(80) NOT NULL DEFAULT '',
  dst_ccompany varchar(80) NOT NULL DEFAULT '',
  KEY calldate (calldate),
  KEY dst (dst),
  KEY accountcode (accountcode),
  KEY uniqueid (uniqueid),
  KEY did (did),
  KEY recordingfile (recordingfile(191)),
  KEY clid (clid),
  KEY cnum (cnum)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE cel (
  id int(11) NOT NULL AUTO_INCREMENT,
  eventtype varchar(30) NOT NULL,
  eventtime datetime NOT NULL,
  cid_name varchar(80) NOT NULL,
  cid_num varchar(80) NOT NULL,
  cid_ani varchar(80) NOT NULL,
  cid_rdnis varchar(80) NOT NULL,
  cid_dnid varchar(80) NOT NULL,
  exten varchar(80) NOT NULL,
  context varchar(80) NOT NULL,
  channame varchar(80) NOT NULL,
  appname varchar(80) NOT NULL,
  appdata varchar(255) NOT NULL,
  amaflags int(11) NOT NULL,
  accountcode varchar(20) NOT NULL,
  uniqueid varchar(32) NOT NULL,
  linkedid varchar(32) NOT NULL,
  peer varchar(80) NOT NULL,
  userdeftype varchar(255) NOT NULL,
  extra varchar(512) NOT NULL,
  PRIMARY KEY (id),
  KEY uniqueid_index (uniqueid),
  KEY linkedid_index (linkedid),
  KEY context_index (context)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Key presses in voice menus, made from cel each night; timestamp_in holds an epoch as text.
CREATE TABLE ivr_choice (
  uniqueid varchar(32) NOT NULL DEFAULT '0',
  timestamp_in varchar(32) NOT NULL DEFAULT '0',
  cid_name varchar(80) NOT NULL DEFAULT '0',
  cid_num varchar(80) NOT NULL DEFAULT '0',
  ivr_id varchar(30) NOT NULL,
  ivr_name varchar(60) NOT NULL,
  choice varchar(10) NOT NULL,
  KEY UNIQUEID_INDEX (uniqueid)
) ENGINE=MyISAM DEFAULT CHARSET=utf8mb4;

CREATE TABLE queue_log (
  id int(10) unsigned NOT NULL AUTO_INCREMENT,
  time char(26) DEFAULT NULL,
  callid varchar(32) NOT NULL DEFAULT '',
  queuename varchar(32) NOT NULL DEFAULT '',
  agent varchar(32) NOT NULL DEFAULT '',
  event varchar(32) NOT NULL DEFAULT '',
  data varchar(100) NOT NULL DEFAULT '',
  data1 varchar(100) NOT NULL DEFAULT '',
  data2 varchar(100) NOT NULL DEFAULT '',
  data3 varchar(100) NOT NULL DEFAULT '',
  data4 varchar(100) NOT NULL DEFAULT '',
  data5 varchar(100) NOT NULL DEFAULT '',
  PRIMARY KEY (id),
  KEY event (event),
  KEY ib1 (agent, queuename),
  KEY callid_idx (callid)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- queue_log is moved here each night.
CREATE TABLE queue_log_history (
  id int(10) unsigned NOT NULL AUTO_INCREMENT,
  time char(26) DEFAULT NULL,
  callid varchar(32) NOT NULL DEFAULT '',
  queuename varchar(32) NOT NULL DEFAULT '',
  agent varchar(32) NOT NULL DEFAULT '',
  event varchar(32) NOT NULL DEFAULT '',
  data varchar(100) NOT NULL DEFAULT '',
  data1 varchar(100) NOT NULL DEFAULT '',
  data2 varchar(100) NOT NULL DEFAULT '',
  data3 varchar(100) NOT NULL DEFAULT '',
  data4 varchar(100) NOT NULL DEFAULT '',
  data5 varchar(100) NOT NULL DEFAULT '',
  PRIMARY KEY (id),
  KEY event (event),
  KEY ib1 (agent, queuename),
  KEY callid_idx (callid)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE queue_log_processed (
  recid int(10) unsigned NOT NULL AUTO_INCREMENT,
  origid int(10) unsigned NOT NULL,
  callid varchar(32) NOT NULL DEFAULT '',
  queuename varchar(32) NOT NULL DEFAULT '',
  agentdev varchar(32) NOT NULL,
  event varchar(32) NOT NULL DEFAULT '',
  data1 varchar(128) NOT NULL,
  data2 varchar(128) NOT NULL,
  data3 varchar(128) NOT NULL,
  datetime datetime NOT NULL DEFAULT '0000-00-00 00:00:00',
  PRIMARY KEY (recid),
  KEY data1 (data1),
  KEY data2 (data2),
  KEY data3 (data3),
  KEY event (event),
  KEY queuename (queuename),
  KEY callid (callid),
  KEY datetime (datetime),
  KEY agentdev (agentdev),
  KEY origid (origid)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- The nightly reports: timestamp_out is an epoch, timestamp_in the call's id, id that of the row
-- in queue_log_history.
CREATE TABLE report_queue (
  id int(11) unsigned NOT NULL,
  timestamp_out bigint(20) DEFAULT NULL,
  timestamp_in varchar(32) NOT NULL,
  qname varchar(32) NOT NULL,
  action varchar(32) NOT NULL,
  position bigint(21) unsigned NOT NULL DEFAULT 0,
  duration bigint(21) unsigned NOT NULL DEFAULT 0,
  hold bigint(21) unsigned NOT NULL DEFAULT 0,
  agent varchar(32) NOT NULL,
  cid varchar(100) DEFAULT NULL,
  qdescr varchar(35) NOT NULL,
  data4 bigint(21) unsigned NOT NULL DEFAULT 0
) ENGINE=MyISAM DEFAULT CHARSET=utf8mb4;

CREATE TABLE report_queue_agents (
  id int(11) unsigned NOT NULL,
  timestamp_out bigint(20) DEFAULT NULL,
  timestamp_in varchar(32) NOT NULL,
  qname varchar(32) NOT NULL,
  action varchar(32) NOT NULL,
  position bigint(21) unsigned NOT NULL DEFAULT 0,
  duration bigint(21) unsigned NOT NULL DEFAULT 0,
  hold bigint(21) unsigned NOT NULL DEFAULT 0,
  agent varchar(32) NOT NULL,
  qdescr varchar(35) NOT NULL
) ENGINE=MyISAM DEFAULT CHARSET=utf8mb4;

CREATE TABLE report_queue_callers (
  id int(11) unsigned NOT NULL,
  timestamp_out bigint(20) DEFAULT NULL,
  timestamp_in varchar(32) NOT NULL,
  qname varchar(32) NOT NULL,
  cid varchar(100) DEFAULT NULL,
  action varchar(32) NOT NULL,
  position bigint(21) unsigned NOT NULL DEFAULT 0,
  qdescr varchar(35) NOT NULL,
  prefisso varchar(6) DEFAULT '0',
  comune varchar(30) DEFAULT '0',
  siglaprov varchar(4) DEFAULT '0',
  provincia varchar(30) DEFAULT '0',
  regione varchar(30) DEFAULT NULL
) ENGINE=MyISAM DEFAULT CHARSET=utf8mb4;

CREATE TABLE agentsessions (
  qname varchar(32) NOT NULL,
  agent varchar(32) NOT NULL,
  action varchar(5) NOT NULL,
  timestamp_in bigint(20) DEFAULT NULL,
  reason varchar(100) NOT NULL,
  timestamp_out bigint(20) DEFAULT NULL,
  qdescr varchar(35) NOT NULL
) ENGINE=MyISAM DEFAULT CHARSET=utf8mb4;

CREATE TABLE queue_failed (
  cid varchar(100) NOT NULL DEFAULT '',
  name varchar(80) NOT NULL DEFAULT '',
  company varchar(80) NOT NULL DEFAULT '',
  action varchar(20) NOT NULL DEFAULT '',
  time int(11) NOT NULL DEFAULT 0,
  direction varchar(20) NOT NULL DEFAULT '',
  qname varchar(32) NOT NULL DEFAULT '',
  event varchar(20) NOT NULL DEFAULT ''
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE call_status (
  callId varchar(32) NOT NULL DEFAULT '',
  callerId varchar(13) NOT NULL,
  status varchar(30) NOT NULL,
  timestamp timestamp NULL DEFAULT NULL,
  queue varchar(25) NOT NULL,
  agent varchar(32) NOT NULL DEFAULT '',
  position varchar(11) NOT NULL,
  originalPosition varchar(11) NOT NULL,
  holdtime varchar(11) NOT NULL,
  keyPressed varchar(11) NOT NULL,
  callduration int(11) NOT NULL,
  PRIMARY KEY (callId),
  KEY callerId (callerId),
  KEY status (status),
  KEY timestamp (timestamp),
  KEY queue (queue),
  KEY position (position, originalPosition, holdtime)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
