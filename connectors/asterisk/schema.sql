-- Asterisk's own call log tables: cdr has no key and no index.
-- For tests and for trying a manifest; never run against a live system.
-- Each statement ends with a semicolon at the end of its line.
-- dialect: postgresql
CREATE TABLE cdr (
  accountcode varchar(80),
  src varchar(80),
  dst varchar(80),
  dcontext varchar(80),
  clid varchar(80),
  channel varchar(80),
  dstchannel varchar(80),
  lastapp varchar(80),
  lastdata varchar(80),
  "start" timestamp,
  answer timestamp,
  "end" timestamp,
  duration integer,
  billsec integer,
  disposition varchar(45),
  amaflags varchar(45),
  userfield varchar(256),
  uniqueid varchar(150),
  linkedid varchar(150),
  peeraccount varchar(80),
  sequence integer
);

CREATE TABLE cel (
  id serial PRIMARY KEY,
  eventtype varchar(30) NOT NULL,
  eventtime timestamp NOT NULL,
  userdeftype varchar(255) NOT NULL,
  cid_name varchar(80) NOT NULL,
  cid_num varchar(80) NOT NULL,
  cid_ani varchar(80) NOT NULL,
  cid_rdnis varchar(80) NOT NULL,
  cid_dnid varchar(80) NOT NULL,
  exten varchar(80) NOT NULL,
  context varchar(80) NOT NULL,
  channame varchar(80) NOT NULL,
  appname varchar(80) NOT NULL,
  appdata varchar(80) NOT NULL,
  amaflags integer NOT NULL,
  accountcode varchar(20) NOT NULL,
  peeraccount varchar(20) NOT NULL,
  uniqueid varchar(150) NOT NULL,
  linkedid varchar(150) NOT NULL,
  userfield varchar(255) NOT NULL,
  peer varchar(80) NOT NULL,
  extra varchar(4096)
);

CREATE TABLE queue_log (
  id bigserial PRIMARY KEY,
  "time" timestamp,
  callid varchar(80),
  queuename varchar(256),
  agent varchar(80),
  event varchar(32),
  data1 varchar(100),
  data2 varchar(100),
  data3 varchar(100),
  data4 varchar(100),
  data5 varchar(100)
);

-- dialect: mysql
CREATE TABLE cdr (
  accountcode varchar(80),
  src varchar(80),
  dst varchar(80),
  dcontext varchar(80),
  clid varchar(80),
  channel varchar(80),
  dstchannel varchar(80),
  lastapp varchar(80),
  lastdata varchar(80),
  `start` datetime,
  answer datetime,
  `end` datetime,
  duration integer,
  billsec integer,
  disposition varchar(45),
  amaflags varchar(45),
  userfield varchar(256),
  uniqueid varchar(150),
  linkedid varchar(150),
  peeraccount varchar(80),
  sequence integer
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE cel (
  id int(11) NOT NULL AUTO_INCREMENT PRIMARY KEY,
  eventtype varchar(30) NOT NULL,
  eventtime datetime(6) NOT NULL,
  userdeftype varchar(255) NOT NULL,
  cid_name varchar(80) NOT NULL,
  cid_num varchar(80) NOT NULL,
  cid_ani varchar(80) NOT NULL,
  cid_rdnis varchar(80) NOT NULL,
  cid_dnid varchar(80) NOT NULL,
  exten varchar(80) NOT NULL,
  context varchar(80) NOT NULL,
  channame varchar(80) NOT NULL,
  appname varchar(80) NOT NULL,
  appdata varchar(80) NOT NULL,
  amaflags int(11) NOT NULL,
  accountcode varchar(20) NOT NULL,
  peeraccount varchar(20) NOT NULL,
  uniqueid varchar(150) NOT NULL,
  linkedid varchar(150) NOT NULL,
  userfield varchar(255) NOT NULL,
  peer varchar(80) NOT NULL,
  extra varchar(4096)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE queue_log (
  id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
  `time` datetime(6),
  callid varchar(80),
  queuename varchar(256),
  agent varchar(80),
  event varchar(32),
  data1 varchar(100),
  data2 varchar(100),
  data3 varchar(100),
  data4 varchar(100),
  data5 varchar(100)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- dialect: sqlite
CREATE TABLE cdr (
  AcctId INTEGER PRIMARY KEY, calldate, clid, src, dst, dcontext, channel, dstchannel, lastapp,
  lastdata, duration, billsec, disposition, amaflags, accountcode, uniqueid, linkedid, sequence,
  userfield, recordingfile
);

CREATE TABLE cel (
  AcctId INTEGER PRIMARY KEY, eventtype, eventtime, cidname, cidnum, cidani, cidrdnis, ciddnid,
  context, exten, channame, appname, appdata, amaflags, accountcode, uniqueid, linkedid,
  userfield, peer, userdeftype, eventextra
);
