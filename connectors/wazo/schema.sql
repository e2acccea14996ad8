-- Wazo Platform's tables with call data, PostgreSQL, as its programs' models and migrations make
-- them (wazo-call-logd, xivo-dao, wazo-webhookd, wazo-chatd; baseline 25.14 and what 2026 added),
-- and of the tables that they refer to what is needed. For tests and for trying a manifest; never
-- run against a live system. Each statement ends with a semicolon at the end of its line.
-- Inferred: the key of stat_queue to a queue, and that queuefeatures has more columns than here.
-- dialect: postgresql
CREATE EXTENSION IF NOT EXISTS "uuid-ossp";

-- wazo-call-logd
CREATE TYPE call_logd_call_log_participant_role AS ENUM ('source', 'destination');
CREATE TABLE call_logd_tenant (
  uuid uuid PRIMARY KEY
);

CREATE TABLE call_logd_call_log (
  id serial PRIMARY KEY,
  date timestamptz NOT NULL,
  date_answer timestamptz,
  date_end timestamptz,
  tenant_uuid uuid NOT NULL,
  source_name varchar(255),
  source_exten varchar(255),
  source_internal_exten text,
  source_internal_context text,
  source_line_identity varchar(255),
  requested_name text,
  requested_exten varchar(255),
  requested_context varchar(255),
  requested_internal_exten text,
  requested_internal_context text,
  destination_name varchar(255),
  destination_exten varchar(255),
  destination_internal_exten text,
  destination_internal_context text,
  destination_line_identity varchar(255),
  direction varchar(255),
  user_field varchar(255),
  source_internal_name text,
  conversation_id varchar(255),
  blocked boolean,
  reached_voicemail boolean,
  CONSTRAINT call_logd_call_log_direction_check
    CHECK (direction IN ('inbound', 'internal', 'outbound')),
  CONSTRAINT call_logd_call_log_tenant_uuid_fkey
    FOREIGN KEY (tenant_uuid) REFERENCES call_logd_tenant (uuid) ON DELETE CASCADE
);
CREATE INDEX call_logd_call_log__idx__conversation_id ON call_logd_call_log (conversation_id);

CREATE TABLE call_logd_call_log_destination (
  uuid uuid DEFAULT uuid_generate_v4() PRIMARY KEY,
  destination_details_key varchar(32) NOT NULL,
  destination_details_value varchar(255) NOT NULL,
  call_log_id integer,
  CONSTRAINT call_logd_call_log_destination_details_key_check
    CHECK (destination_details_key IN ('type', 'user_uuid', 'user_name', 'meeting_uuid',
      'meeting_name', 'conference_id', 'group_label', 'group_id', 'voicemail_id',
      'voicemail_name')),
  CONSTRAINT call_logd_call_log_destination_call_log_id_fkey
    FOREIGN KEY (call_log_id) REFERENCES call_logd_call_log (id) ON DELETE CASCADE
);
CREATE INDEX call_logd_call_log_destination__idx__call_log_id
  ON call_logd_call_log_destination (call_log_id);
CREATE INDEX call_logd_call_log_destination__idx__uuid ON call_logd_call_log_destination (uuid);

CREATE TABLE call_logd_call_log_participant (
  uuid uuid DEFAULT uuid_generate_v4() PRIMARY KEY,
  call_log_id integer,
  user_uuid uuid NOT NULL,
  line_id integer,
  role call_logd_call_log_participant_role NOT NULL,
  tags varchar(128)[] DEFAULT '{}'::varchar[] NOT NULL,
  answered boolean DEFAULT false NOT NULL,
  requested boolean DEFAULT false NOT NULL,
  forwarded boolean DEFAULT false NOT NULL,
  CONSTRAINT call_logd_call_log_participant_call_log_id_fkey
    FOREIGN KEY (call_log_id) REFERENCES call_logd_call_log (id) ON DELETE CASCADE
);
CREATE INDEX call_logd_call_log_participant__idx__call_log_id
  ON call_logd_call_log_participant (call_log_id);
CREATE INDEX call_logd_call_log_participant__idx__user_uuid
  ON call_logd_call_log_participant (user_uuid);

CREATE TABLE call_logd_recording (
  uuid uuid DEFAULT uuid_generate_v4() PRIMARY KEY,
  start_time timestamptz NOT NULL,
  end_time timestamptz NOT NULL,
  path text,
  call_log_id integer NOT NULL,
  CONSTRAINT call_logd_recording_call_log_id_fkey
    FOREIGN KEY (call_log_id) REFERENCES call_logd_call_log (id) ON DELETE CASCADE
);
CREATE INDEX call_logd_recording__idx__call_log_id ON call_logd_recording (call_log_id);

CREATE TABLE call_logd_export (
  uuid uuid DEFAULT uuid_generate_v4() PRIMARY KEY,
  tenant_uuid uuid NOT NULL,
  user_uuid uuid NOT NULL,
  requested_at timestamptz NOT NULL,
  status varchar(32) NOT NULL,
  path text,
  CONSTRAINT call_logd_export_status_check
    CHECK (status IN ('pending', 'processing', 'finished', 'deleted', 'error')),
  CONSTRAINT call_logd_export_tenant_uuid_fkey
    FOREIGN KEY (tenant_uuid) REFERENCES call_logd_tenant (uuid) ON DELETE CASCADE
);
CREATE INDEX call_logd_export__idx__user_uuid ON call_logd_export (user_uuid);

CREATE TABLE call_logd_voicemail_transcription (
  uuid uuid DEFAULT uuid_generate_v4() PRIMARY KEY,
  message_id varchar(255) NOT NULL UNIQUE,
  tenant_uuid uuid NOT NULL,
  voicemail_id integer,
  transcription_text text NOT NULL,
  provider_id text,
  language varchar(8),
  duration double precision,
  created_at timestamptz DEFAULT now() NOT NULL,
  CONSTRAINT call_logd_voicemail_transcription_tenant_uuid_fkey
    FOREIGN KEY (tenant_uuid) REFERENCES call_logd_tenant (uuid) ON DELETE CASCADE
);
CREATE INDEX call_logd_voicemail_transcription__idx__tenant_uuid
  ON call_logd_voicemail_transcription (tenant_uuid);
CREATE INDEX call_logd_voicemail_transcription__idx__voicemail_id
  ON call_logd_voicemail_transcription (voicemail_id);

CREATE TABLE call_logd_retention (
  tenant_uuid uuid PRIMARY KEY,
  cdr_days integer,
  recording_days integer,
  export_days integer,
  CONSTRAINT call_logd_retention_tenant_uuid_fkey
    FOREIGN KEY (tenant_uuid) REFERENCES call_logd_tenant (uuid) ON DELETE CASCADE
);

CREATE TABLE call_logd_config (
  id serial PRIMARY KEY,
  retention_cdr_days integer,
  retention_cdr_days_from_file boolean NOT NULL,
  retention_recording_days integer,
  retention_recording_days_from_file boolean NOT NULL,
  retention_export_days integer,
  retention_export_days_from_file boolean NOT NULL
);

-- xivo-dao
CREATE TABLE cel (
  id serial PRIMARY KEY,
  eventtype text NOT NULL,
  eventtime timestamptz NOT NULL,
  userdeftype text NOT NULL,
  cid_name text NOT NULL,
  cid_num text NOT NULL,
  cid_ani text NOT NULL,
  cid_rdnis text NOT NULL,
  cid_dnid text NOT NULL,
  exten text NOT NULL,
  context text NOT NULL,
  channame text NOT NULL,
  appname text NOT NULL,
  appdata text NOT NULL,
  amaflags integer NOT NULL,
  accountcode text NOT NULL,
  peeraccount text NOT NULL,
  uniqueid text NOT NULL,
  linkedid text NOT NULL,
  userfield text NOT NULL,
  peer text NOT NULL,
  extra text,
  call_log_id integer
);
CREATE INDEX cel__idx__call_log_id ON cel (call_log_id);
CREATE INDEX cel__idx__eventtime ON cel (eventtime);
CREATE INDEX cel__idx__linkedid ON cel (linkedid);
CREATE INDEX cel__idx__uniqueid ON cel (uniqueid);

CREATE TABLE queue_log (
  "time" timestamptz,
  callid varchar(80),
  queuename varchar(256),
  agent text,
  event varchar(20),
  data1 text,
  data2 text,
  data3 text,
  data4 text,
  data5 text,
  id serial PRIMARY KEY
);
CREATE INDEX queue_log__idx_agent ON queue_log (agent);
CREATE INDEX queue_log__idx_callid ON queue_log (callid);
CREATE INDEX queue_log__idx_event ON queue_log (event);
CREATE INDEX queue_log__idx_time ON queue_log ("time");

CREATE TABLE queuefeatures (
  id serial PRIMARY KEY,
  name varchar(128) NOT NULL
);

CREATE TABLE stat_queue (
  id serial PRIMARY KEY,
  name varchar(128) NOT NULL,
  tenant_uuid varchar(36) NOT NULL,
  queue_id integer,
  deleted boolean DEFAULT false NOT NULL
);
CREATE INDEX stat_queue__idx_name ON stat_queue (name);
CREATE INDEX stat_queue__idx_tenant_uuid ON stat_queue (tenant_uuid);

CREATE TABLE stat_agent (
  id serial PRIMARY KEY,
  name varchar(128) NOT NULL,
  tenant_uuid varchar(36) NOT NULL,
  agent_id integer,
  deleted boolean DEFAULT false NOT NULL
);
CREATE INDEX stat_agent__idx_name ON stat_agent (name);
CREATE INDEX stat_agent__idx_tenant_uuid ON stat_agent (tenant_uuid);

CREATE TYPE call_exit_type AS ENUM ('full', 'closed', 'joinempty', 'leaveempty',
  'divert_ca_ratio', 'divert_waittime', 'answered', 'abandoned', 'timeout');
CREATE TABLE stat_call_on_queue (
  id serial PRIMARY KEY,
  callid varchar(32) NOT NULL,
  "time" timestamptz NOT NULL,
  ringtime integer DEFAULT 0 NOT NULL,
  talktime integer DEFAULT 0 NOT NULL,
  waittime integer DEFAULT 0 NOT NULL,
  status call_exit_type NOT NULL,
  stat_queue_id integer REFERENCES stat_queue (id),
  stat_agent_id integer REFERENCES stat_agent (id)
);
CREATE INDEX stat_call_on_queue__idx_callid ON stat_call_on_queue (callid);

CREATE TABLE stat_queue_periodic (
  id serial PRIMARY KEY,
  "time" timestamptz NOT NULL,
  answered integer DEFAULT 0 NOT NULL,
  abandoned integer DEFAULT 0 NOT NULL,
  total integer DEFAULT 0 NOT NULL,
  "full" integer DEFAULT 0 NOT NULL,
  closed integer DEFAULT 0 NOT NULL,
  joinempty integer DEFAULT 0 NOT NULL,
  leaveempty integer DEFAULT 0 NOT NULL,
  divert_ca_ratio integer DEFAULT 0 NOT NULL,
  divert_waittime integer DEFAULT 0 NOT NULL,
  timeout integer DEFAULT 0 NOT NULL,
  stat_queue_id integer REFERENCES stat_queue (id)
);

CREATE TABLE stat_agent_periodic (
  id serial PRIMARY KEY,
  "time" timestamptz NOT NULL,
  login_time interval DEFAULT '0' NOT NULL,
  pause_time interval DEFAULT '0' NOT NULL,
  wrapup_time interval DEFAULT '0' NOT NULL,
  stat_agent_id integer REFERENCES stat_agent (id)
);
CREATE INDEX stat_agent_periodic__idx__stat_agent_id ON stat_agent_periodic (stat_agent_id);
CREATE INDEX stat_agent_periodic__idx__time ON stat_agent_periodic ("time");

CREATE TYPE stat_switchboard_endtype AS ENUM ('abandoned', 'completed', 'forwarded',
  'transferred');
CREATE TABLE stat_switchboard_queue (
  id serial PRIMARY KEY,
  "time" timestamp NOT NULL,
  end_type stat_switchboard_endtype NOT NULL,
  wait_time double precision NOT NULL,
  queue_id integer NOT NULL REFERENCES queuefeatures (id) ON DELETE CASCADE
);
CREATE INDEX stat_switchboard_queue__idx__queue_id ON stat_switchboard_queue (queue_id);
CREATE INDEX stat_switchboard_queue__idx__time ON stat_switchboard_queue ("time");

CREATE TABLE voicemail (
  uniqueid serial PRIMARY KEY,
  context varchar(39) NOT NULL,
  mailbox varchar(40) NOT NULL,
  password varchar(80),
  fullname varchar(80) DEFAULT '' NOT NULL,
  email varchar(80),
  pager varchar(80),
  language varchar(20),
  tz varchar(80),
  attach integer,
  deletevoicemail integer DEFAULT 0 NOT NULL,
  maxmsg integer,
  skipcheckpass integer DEFAULT 0 NOT NULL,
  options varchar[] DEFAULT '{}' NOT NULL,
  commented integer DEFAULT 0 NOT NULL,
  UNIQUE (mailbox, context)
);
CREATE INDEX voicemail__idx__context ON voicemail (context);

-- wazo-webhookd
CREATE TYPE status_types AS ENUM ('success', 'failure', 'error');
CREATE TABLE webhookd_subscription (
  uuid varchar(38) DEFAULT uuid_generate_v4() PRIMARY KEY,
  name text,
  service text,
  events_user_uuid varchar(36),
  owner_user_uuid varchar(36),
  events_wazo_uuid varchar(36),
  owner_tenant_uuid varchar(36) NOT NULL
);

CREATE TABLE webhookd_subscription_log (
  uuid varchar(36) NOT NULL,
  subscription_uuid varchar(38) NOT NULL,
  status status_types,
  started_at timestamptz,
  ended_at timestamptz,
  attempts integer NOT NULL,
  max_attempts integer,
  event json,
  detail json,
  PRIMARY KEY (uuid, attempts),
  CONSTRAINT webhookd_subscription_log_subscription_uuid_fkey
    FOREIGN KEY (subscription_uuid) REFERENCES webhookd_subscription (uuid) ON DELETE CASCADE
);
CREATE INDEX webhookd_subscription_log__idx__subscription_uuid
  ON webhookd_subscription_log (subscription_uuid);

-- wazo-chatd
CREATE TABLE chatd_tenant (
  uuid uuid PRIMARY KEY
);

CREATE TABLE chatd_user (
  uuid uuid PRIMARY KEY,
  tenant_uuid uuid NOT NULL REFERENCES chatd_tenant (uuid) ON DELETE CASCADE,
  state varchar(24) NOT NULL CHECK (state IN ('available', 'unavailable', 'invisible', 'away')),
  status text,
  do_not_disturb boolean DEFAULT false NOT NULL,
  last_activity timestamptz
);
CREATE INDEX chatd_user__idx__tenant_uuid ON chatd_user (tenant_uuid);

CREATE TABLE chatd_room (
  uuid uuid DEFAULT uuid_generate_v4() PRIMARY KEY,
  name text,
  tenant_uuid uuid NOT NULL REFERENCES chatd_tenant (uuid) ON DELETE CASCADE
);
CREATE INDEX chatd_room__idx__tenant_uuid ON chatd_room (tenant_uuid);

CREATE TABLE chatd_room_user (
  room_uuid uuid NOT NULL REFERENCES chatd_room (uuid) ON DELETE CASCADE,
  uuid uuid NOT NULL,
  tenant_uuid uuid NOT NULL,
  wazo_uuid uuid NOT NULL,
  identity varchar,
  PRIMARY KEY (room_uuid, uuid, tenant_uuid, wazo_uuid)
);
CREATE INDEX chatd_room_user__idx__identity ON chatd_room_user (identity);

CREATE TABLE chatd_room_message (
  uuid uuid DEFAULT uuid_generate_v4() PRIMARY KEY,
  room_uuid uuid NOT NULL REFERENCES chatd_room (uuid) ON DELETE CASCADE,
  content text,
  alias varchar(256),
  user_uuid uuid NOT NULL,
  tenant_uuid uuid NOT NULL,
  wazo_uuid uuid NOT NULL,
  created_at timestamptz NOT NULL
);
CREATE INDEX chatd_room_message__idx__room_uuid ON chatd_room_message (room_uuid);

CREATE TABLE chatd_user_identity (
  uuid uuid DEFAULT uuid_generate_v4() PRIMARY KEY,
  tenant_uuid uuid NOT NULL REFERENCES chatd_tenant (uuid) ON DELETE CASCADE,
  user_uuid uuid NOT NULL REFERENCES chatd_user (uuid) ON DELETE CASCADE,
  backend varchar NOT NULL,
  type varchar NOT NULL,
  identity varchar NOT NULL,
  extra jsonb DEFAULT '{}'::jsonb NOT NULL,
  CONSTRAINT chatd_user_identity__uq__backend_identity_type UNIQUE (backend, identity, type)
);
CREATE INDEX chatd_user_identity__idx__tenant_uuid ON chatd_user_identity (tenant_uuid);
CREATE INDEX chatd_user_identity__idx__user_uuid ON chatd_user_identity (user_uuid);

CREATE TABLE chatd_message_meta (
  message_uuid uuid PRIMARY KEY REFERENCES chatd_room_message (uuid) ON DELETE CASCADE,
  sender_identity_uuid uuid REFERENCES chatd_user_identity (uuid) ON DELETE SET NULL,
  extra jsonb DEFAULT '{}'::jsonb NOT NULL
);
CREATE INDEX chatd_message_meta__idx__extra ON chatd_message_meta USING gin (extra);

CREATE TABLE chatd_message_delivery (
  id serial PRIMARY KEY,
  message_uuid uuid NOT NULL REFERENCES chatd_message_meta (message_uuid) ON DELETE CASCADE,
  recipient_identity varchar NOT NULL,
  backend varchar NOT NULL,
  type varchar NOT NULL,
  external_id varchar,
  retry_count smallint DEFAULT 0 NOT NULL,
  CONSTRAINT chatd_message_delivery__uq__msg_recipient UNIQUE (message_uuid, recipient_identity)
);
CREATE UNIQUE INDEX chatd_message_delivery__uq__external_id
  ON chatd_message_delivery (external_id, backend) WHERE external_id IS NOT NULL;

CREATE TABLE chatd_delivery_record (
  id serial PRIMARY KEY,
  delivery_id integer NOT NULL REFERENCES chatd_message_delivery (id) ON DELETE CASCADE,
  status varchar NOT NULL,
  reason varchar,
  "timestamp" timestamptz DEFAULT (now() AT TIME ZONE 'utc') NOT NULL
);
CREATE INDEX chatd_delivery_record__idx__delivery_id ON chatd_delivery_record (delivery_id);
