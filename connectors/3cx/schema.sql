-- 3CX's call data in the PostgreSQL database database_single: v16/v18 and v20 in one, as a host
-- that was upgraded to v20 holds all of them. Parts marked "v20" are what v16/v18 lack.
-- Types, keys and indexes are known for cl_*, callhistory3, calldetails, callcent_queuecalls and
-- audit_log; column types of cdroutput and cdrbilling come from a copy that 3CX's data connector
-- fed. "Inferred" marks what nobody showed: try it on a host before you rely on it.
-- For tests and for trying a manifest; never run against a live system.
-- Each statement ends with a semicolon at the end of its line.
-- dialect: postgresql
CREATE SEQUENCE sqcl_calls;
CREATE SEQUENCE sqcl_participants;
CREATE SEQUENCE sqparty_info;
CREATE SEQUENCE sqcl_segments;
CREATE SEQUENCE saudit_log;
CREATE SEQUENCE sqrecordings;
CREATE SEQUENCE seqs_voicemail;
CREATE SEQUENCE sq_mpch_14;

CREATE TABLE cl_calls (
  id integer NOT NULL DEFAULT nextval('sqcl_calls'),
  start_time timestamptz NOT NULL,
  end_time timestamptz NOT NULL,
  is_answered boolean NOT NULL DEFAULT false,
  ringing_dur interval,
  talking_dur interval,
  q_wait_dur interval,
  -- v20:
  call_history_id uuid,
  duplicated boolean,
  migrated boolean,
  CONSTRAINT pk_cl_calls PRIMARY KEY (id)
);
CREATE INDEX idx_cl_calls_start_time ON cl_calls (start_time);
CREATE INDEX idx_cl_calls_end_time ON cl_calls (end_time);

-- One row for each party as a leg saw it. The foreign key allows several legs to share one;
-- in practice each leg has its own, under an id that isn't the leg's.
CREATE TABLE cl_party_info (
  id integer NOT NULL DEFAULT nextval('sqparty_info'),
  dn_type integer,
  dn varchar(255),
  caller_number varchar(255),
  display_name varchar(255),
  dn_class integer NOT NULL DEFAULT 0,
  firstlastname varchar(255),
  did_number varchar(255) DEFAULT NULL,
  -- v20:
  crm_contact varchar,
  CONSTRAINT pk_party_info PRIMARY KEY (id)
);
CREATE INDEX idx_party_info_dn_type ON cl_party_info (dn_type);
CREATE INDEX idx_party_info_dn ON cl_party_info (dn);
CREATE INDEX idx_party_info_dn_class ON cl_party_info (dn_class);

-- One row for each leg of a call.
CREATE TABLE cl_participants (
  id integer NOT NULL DEFAULT nextval('sqcl_participants'),
  call_id integer NOT NULL,
  info_id integer NOT NULL,
  role integer NOT NULL DEFAULT 1,
  is_inbound boolean NOT NULL DEFAULT false,
  end_status integer,
  forward_reason integer,
  failure_reason integer,
  start_time timestamptz,
  answer_time timestamptz,
  end_time timestamptz,
  billing_code varchar(20),
  billing_ratename varchar(255),
  billing_rate numeric,
  billing_cost numeric,
  billing_duration interval,
  recording_url varchar(511),
  billing_group varchar(255),
  CONSTRAINT pk_participant PRIMARY KEY (id),
  CONSTRAINT fk_participants_call FOREIGN KEY (call_id) REFERENCES cl_calls (id),
  CONSTRAINT fk_participants_info FOREIGN KEY (info_id) REFERENCES cl_party_info (id)
);
CREATE INDEX idx_participants_call_id ON cl_participants (call_id);
CREATE INDEX idx_participants_info_id ON cl_participants (info_id);

CREATE TABLE cl_segments (
  id integer NOT NULL DEFAULT nextval('sqcl_segments'),
  call_id integer NOT NULL,
  seq_order integer NOT NULL,
  seq_group integer NOT NULL,
  src_part_id integer NOT NULL,
  dst_part_id integer NOT NULL,
  start_time timestamptz NOT NULL,
  end_time timestamptz NOT NULL,
  type integer NOT NULL,
  action_id integer NOT NULL,
  action_party_id integer,
  -- v20:
  call_history_id uuid,
  CONSTRAINT pk_cl_segments PRIMARY KEY (id),
  CONSTRAINT fk_segments_call FOREIGN KEY (call_id) REFERENCES cl_calls (id),
  CONSTRAINT fk_segments_src FOREIGN KEY (src_part_id) REFERENCES cl_participants (id),
  CONSTRAINT fk_segments_dst FOREIGN KEY (dst_part_id) REFERENCES cl_participants (id),
  CONSTRAINT fk_segments_action FOREIGN KEY (action_party_id) REFERENCES cl_participants (id)
);
CREATE INDEX idx_segments_start_time ON cl_segments (start_time);
CREATE INDEX idx_segments_end_time ON cl_segments (end_time);
-- Inferred: an index on each foreign key.
CREATE INDEX idx_segments_call_id ON cl_segments (call_id);
CREATE INDEX idx_segments_src_part_id ON cl_segments (src_part_id);
CREATE INDEX idx_segments_dst_part_id ON cl_segments (dst_part_id);
CREATE INDEX idx_segments_action_party_id ON cl_segments (action_party_id);

-- The columns are known, the query behind them is inferred.
CREATE VIEW cl_segments_view AS
SELECT s.call_id, s.id AS seg_id, s.type AS seg_type, s.seq_order, s.start_time, s.end_time,
  si.dn AS src_dn, si.caller_number AS src_caller_number, si.firstlastname AS src_firstlastname,
  di.dn AS dst_dn, di.caller_number AS dst_caller_number,
  d.start_time AS dst_start_time, d.answer_time AS dst_answer_time, s.action_id AS act
FROM cl_segments s
JOIN cl_participants p ON p.id = s.src_part_id
JOIN cl_party_info si ON si.id = p.info_id
JOIN cl_participants d ON d.id = s.dst_part_id
JOIN cl_party_info di ON di.id = d.info_id;

-- v12 to v14; the table may live on in later databases. Times have no zone and are UTC (inferred).
CREATE TABLE callhistory3 (
  idcallhistory3 integer NOT NULL,
  callid varchar(255) NOT NULL,
  starttime timestamp,
  answertime timestamp,
  endtime timestamp,
  duration interval,
  is_answ boolean,
  is_fail boolean,
  is_compl boolean,
  is_fromoutside boolean,
  mediatype integer,
  from_no varchar(255),
  to_no varchar(255),
  callerid varchar(255),
  dialednumber varchar(255),
  lastcallerid varchar(255),
  lastdialednumber varchar(255),
  group_no varchar(255),
  line_no varchar(255),
  billprefix varchar(255),
  billratename varchar(255),
  rate numeric,
  totalcost numeric,
  recfile varchar(511),
  is_visible boolean,
  callchain varchar,
  grpanswdetail integer,
  caller_display_name varchar,
  CONSTRAINT callhistory3_pkey PRIMARY KEY (idcallhistory3)
);
CREATE UNIQUE INDEX idx_callhistory3_callid ON callhistory3 (callid);
CREATE INDEX idx_callhistory3_starttime ON callhistory3 (starttime);
CREATE INDEX idx_callhistory3_from_no ON callhistory3 (from_no);
CREATE INDEX idx_callhistory3_to_no ON callhistory3 (to_no);

-- Its parent is callhistory3, whatever the column's name says.
CREATE TABLE calldetails (
  idcalldetail integer NOT NULL,
  idcallhistory2 integer NOT NULL,
  detailnum integer NOT NULL,
  parentdetailnum integer,
  dest_num varchar(255),
  dest_dn varchar(255),
  otherparty varchar(255),
  specdsttype integer,
  status integer,
  starttime timestamp,
  answertime timestamp,
  dur interval,
  billprefix varchar(255),
  billratename varchar(255),
  billrate numeric,
  billcost numeric,
  CONSTRAINT calldetails_pkey PRIMARY KEY (idcalldetail)
);
CREATE INDEX idx_calldetails_detailnum ON calldetails (detailnum);
CREATE INDEX idx_calldetails_idcallhistory2 ON calldetails (idcallhistory2);

-- v20, one row for each leg. Primary key and the index on the call are inferred.
CREATE TABLE cdroutput (
  cdr_id uuid NOT NULL,
  call_history_id uuid,
  source_participant_id uuid,
  source_entity_type varchar,
  source_dn_number varchar,
  source_dn_type varchar,
  source_dn_name varchar,
  source_participant_name varchar,
  source_participant_phone_number varchar,
  source_participant_trunk_did varchar,
  source_participant_is_incoming boolean,
  source_participant_is_already_connected boolean,
  source_participant_group_name varchar,
  source_participant_billing_suffix varchar,
  source_presentation varchar,
  destination_participant_id uuid,
  destination_entity_type varchar,
  destination_dn_number varchar,
  destination_dn_type varchar,
  destination_dn_name varchar,
  destination_participant_name varchar,
  destination_participant_phone_number varchar,
  destination_participant_trunk_did varchar,
  destination_participant_is_incoming boolean,
  destination_participant_is_already_connected boolean,
  destination_participant_group_name varchar,
  destination_participant_billing_suffix varchar,
  base_cdr_id uuid,
  creation_method varchar,
  creation_forward_reason varchar,
  termination_reason varchar,
  termination_reason_details varchar,
  terminated_by_participant_id uuid,
  continued_in_cdr_id uuid,
  originating_cdr_id uuid,
  main_call_history_id uuid,
  cdr_started_at timestamptz(6),
  cdr_answered_at timestamptz(6),
  cdr_ended_at timestamptz(6),
  processed boolean,
  migrated boolean,
  offload_id bigint,
  CONSTRAINT pk_cdroutput PRIMARY KEY (cdr_id)
);
CREATE INDEX idx_cdroutput_call_history_id ON cdroutput (call_history_id);

-- v20; no key, no index.
CREATE TABLE cdrbilling (
  cdr_id uuid,
  source_bill_code varchar,
  source_bill_rate_name varchar,
  source_bill_rate numeric,
  source_bill_duration interval,
  destination_bill_code varchar,
  destination_bill_rate_name varchar,
  destination_bill_rate numeric,
  destination_bill_duration interval,
  migrated boolean
);

-- v20; that it exists and hangs on a leg is known, its columns are inferred.
CREATE TABLE cdrcrmcontact (
  cdr_id uuid,
  crm_contact text
);

-- v20; PRIMARY KEY and the foreign key's absence inferred.
CREATE TABLE recordings (
  id_recording integer NOT NULL DEFAULT nextval('sqrecordings'),
  cl_participants_id integer,
  recording_url varchar,
  start_time timestamptz,
  end_time timestamptz,
  transcription text,
  archived boolean DEFAULT false,
  archived_url varchar,
  call_type integer,
  sentiment_score integer,
  summary text,
  result integer,
  cdr_id uuid,
  transcribed boolean,
  transcription_started_at timestamptz,
  queue_dn varchar,
  emailed boolean,
  offload_id bigint,
  forced boolean,
  CONSTRAINT pk_recordings PRIMARY KEY (id_recording)
);

-- v20; sources disagree on columns and on whether it is a view: here as the view.
CREATE VIEW cdrrecordings AS
SELECT r.cdr_id, c.source_participant_id AS cdr_participant_id, r.recording_url
FROM recordings r JOIN cdroutput c ON c.cdr_id = r.cdr_id;

-- v20; nearly all text, times as YYYYMMDDHHMMSS.ff in UTC, duration in milliseconds.
CREATE TABLE s_voicemail (
  id integer NOT NULL DEFAULT nextval('seqs_voicemail'),
  __name text,
  wav_file text,
  callee text,
  caller text,
  caller_name text,
  duration text,
  created_time text,
  heard text,
  heard_time text,
  pv_heard_by text,
  removed text,
  removed_time text,
  notified_time text,
  forwarded_by text,
  forwarded_to text,
  forwarded_time text,
  last_attempt_time text,
  crm_contact text,
  crm_contact_id text,
  transcription text,
  summary text,
  sentiment_score text,
  result text,
  cdr_participant_id uuid,
  CONSTRAINT pk_s_voicemail PRIMARY KEY (id)
);

-- One row for each owner of a call's entry. Names are known, types inferred.
CREATE TABLE myphone_callhistory_v14 (
  idmpch14 integer NOT NULL DEFAULT nextval('sq_mpch_14'),
  call_id integer,
  calltype integer,
  dnowner varchar(255),
  party_dn varchar(255),
  party_dntype integer,
  party_name varchar(255),
  party_callerid varchar(255),
  via_role integer,
  via_dn varchar(255),
  via_dntype integer,
  via_dnname varchar(255),
  via_callerid varchar(255),
  start_time timestamp,
  established_time timestamp,
  end_time timestamp,
  end_status integer,
  end_status_hint integer,
  divert_dn varchar(255),
  divert_dntype integer,
  divert_dnname varchar(255),
  divert_callerid varchar(255),
  dialed_number varchar(255),
  CONSTRAINT pk_mpch_14 PRIMARY KEY (idmpch14)
);

CREATE TABLE callcent_queuecalls (
  idcallcent_queuecalls integer NOT NULL,
  q_num varchar(255),
  time_start timestamp,
  time_end timestamp,
  ts_waiting interval,
  ts_polling interval,
  ts_servicing interval,
  ts_locating interval,
  count_polls integer,
  count_dialed integer,
  count_rejected integer,
  count_dials_timed integer,
  reason_noanswercode integer,
  reason_failcode integer,
  reason_noanswerdesc varchar,
  reason_faildesc varchar,
  call_history_id varchar(255),
  q_cal varchar(255),
  from_userpart varchar(255),
  from_displayname varchar(255),
  to_dialednum varchar(255),
  to_dn varchar(255),
  to_dntype integer,
  cb_num varchar(255),
  call_result text,
  deal_status integer,
  is_visible boolean,
  is_agent boolean,
  -- v20:
  cdr_participant_id uuid,
  CONSTRAINT callcent_queuecalls_pkey PRIMARY KEY (idcallcent_queuecalls)
);

-- Attempts to reach an agent that failed. Types inferred.
CREATE TABLE callcent_ag_dropped_calls (
  idcallcent_ag_dropped_calls integer NOT NULL,
  q_num varchar(255),
  ag_num varchar(255),
  time_start timestamp,
  time_end timestamp,
  ts_polling interval,
  reason_noanswercode integer,
  reason_noanswerdesc varchar,
  q_call_history_id varchar(255),
  CONSTRAINT callcent_ag_dropped_calls_pkey PRIMARY KEY (idcallcent_ag_dropped_calls)
);

-- v20; names known, types inferred, metrics left out.
CREATE TABLE cl_quality (
  call_history_id varchar(255),
  call_id integer,
  time_stamp timestamptz,
  summary text,
  transcoding boolean,
  a_caller boolean,
  a_number varchar,
  a_name varchar,
  a_useragent varchar,
  a_address varchar,
  a_tun_address varchar,
  a_location varchar,
  a_participant_id integer,
  a_codec varchar,
  a_mos_from_pbx numeric,
  b_caller boolean,
  b_number varchar,
  b_name varchar,
  b_useragent varchar,
  b_address varchar,
  b_tun_address varchar,
  b_location varchar,
  b_participant_id integer,
  b_codec varchar,
  b_mos_from_pbx numeric
);

CREATE TABLE audit_log (
  id integer NOT NULL DEFAULT nextval('saudit_log'),
  time_stamp timestamptz NOT NULL DEFAULT now(),
  source integer,
  ip varchar,
  action integer,
  object_type integer,
  user_name varchar,
  object_name varchar,
  prev_data varchar,
  new_data varchar,
  CONSTRAINT pk_audit_log PRIMARY KEY (id)
);
CREATE INDEX audit_log_time ON audit_log (time_stamp);

-- Names known, types and the foreign key inferred.
CREATE TABLE chat_conversation (
  id integer NOT NULL,
  public_name varchar,
  is_external boolean,
  party varchar,
  queue_no varchar,
  CONSTRAINT pk_chat_conversation PRIMARY KEY (id)
);

CREATE TABLE chat_message (
  id_message integer NOT NULL,
  msg_gid varchar,
  fkid_chat_conversation integer,
  party varchar,
  message text,
  time_sent timestamptz,
  internal_file_name varchar,
  public_file_name varchar,
  file_info varchar,
  file_archived boolean,
  CONSTRAINT pk_chat_message PRIMARY KEY (id_message),
  CONSTRAINT fk_message_conversation FOREIGN KEY (fkid_chat_conversation)
    REFERENCES chat_conversation (id)
);
CREATE INDEX idx_chat_message_time_sent ON chat_message (time_sent);
