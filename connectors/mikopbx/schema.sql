-- MikoPBX's call log, the SQLite file cdr.db (WAL mode). For tests and for trying a manifest; never
-- run against a live system. Each statement ends with a semicolon at the end of its line.
-- Columns, their order and the indexed columns are those of its data models; that src_name and
-- dst_name come after their numbers, the names of indexes and the exact types are inferred.
-- dialect: sqlite
CREATE TABLE cdr_general (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  start TEXT DEFAULT '',
  endtime TEXT DEFAULT '',
  answer TEXT DEFAULT '',
  src_chan TEXT DEFAULT '',
  src_num TEXT DEFAULT '',
  src_name TEXT DEFAULT '',
  dst_chan TEXT DEFAULT '',
  dst_num TEXT DEFAULT '',
  dst_name TEXT DEFAULT '',
  UNIQUEID TEXT DEFAULT '',
  linkedid TEXT DEFAULT '',
  did TEXT DEFAULT '',
  disposition TEXT DEFAULT '',
  recordingfile TEXT DEFAULT '',
  from_account TEXT DEFAULT '',
  to_account TEXT DEFAULT '',
  dialstatus TEXT DEFAULT '',
  appname TEXT DEFAULT '',
  transfer INTEGER,
  is_app TEXT(1) DEFAULT '',
  duration INTEGER,
  billsec INTEGER,
  work_completed TEXT(1) DEFAULT '',
  src_call_id TEXT DEFAULT '',
  dst_call_id TEXT DEFAULT '',
  verbose_call_id TEXT DEFAULT '',
  a_transfer INTEGER DEFAULT 0,
  rec_src_channel TEXT DEFAULT '',
  dtmf_digits TEXT DEFAULT ''
);

CREATE INDEX cdr_general_UNIQUEID ON cdr_general (UNIQUEID);
CREATE INDEX cdr_general_start ON cdr_general (start);
CREATE INDEX cdr_general_src_chan ON cdr_general (src_chan);
CREATE INDEX cdr_general_dst_chan ON cdr_general (dst_chan);
CREATE INDEX cdr_general_src_num ON cdr_general (src_num);
CREATE INDEX cdr_general_dst_num ON cdr_general (dst_num);
CREATE INDEX cdr_general_linkedid ON cdr_general (linkedid);

-- Running calls. Each row is copied to cdr_general when its call is over, then deleted here.
CREATE TABLE cdr (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  start TEXT DEFAULT '',
  endtime TEXT DEFAULT '',
  answer TEXT DEFAULT '',
  src_chan TEXT DEFAULT '',
  src_num TEXT DEFAULT '',
  src_name TEXT DEFAULT '',
  dst_chan TEXT DEFAULT '',
  dst_num TEXT DEFAULT '',
  dst_name TEXT DEFAULT '',
  UNIQUEID TEXT DEFAULT '',
  linkedid TEXT DEFAULT '',
  did TEXT DEFAULT '',
  disposition TEXT DEFAULT '',
  recordingfile TEXT DEFAULT '',
  from_account TEXT DEFAULT '',
  to_account TEXT DEFAULT '',
  dialstatus TEXT DEFAULT '',
  appname TEXT DEFAULT '',
  transfer INTEGER,
  is_app TEXT(1) DEFAULT '',
  duration INTEGER,
  billsec INTEGER,
  work_completed TEXT(1) DEFAULT '',
  src_call_id TEXT DEFAULT '',
  dst_call_id TEXT DEFAULT '',
  verbose_call_id TEXT DEFAULT '',
  a_transfer INTEGER DEFAULT 0,
  rec_src_channel TEXT DEFAULT '',
  dtmf_digits TEXT DEFAULT ''
);

CREATE INDEX cdr_UNIQUEID ON cdr (UNIQUEID);
CREATE INDEX cdr_start ON cdr (start);
CREATE INDEX cdr_src_chan ON cdr (src_chan);
CREATE INDEX cdr_dst_chan ON cdr (dst_chan);
CREATE INDEX cdr_src_num ON cdr (src_num);
CREATE INDEX cdr_dst_num ON cdr (dst_num);
CREATE INDEX cdr_linkedid ON cdr (linkedid);
