-- FusionPBX's tables with call data, PostgreSQL, as its web pages make them (5.1 to 5.5), and the
-- tables of its application messages. For tests and for trying a manifest; never run against a live
-- system. Each statement ends with a semicolon at the end of its line.
-- Foreign keys are declared by the product but never created; there is no index on any time.
-- Inferred: the indexes of v_email_queue_attachments, v_message_media and v_transcribe_queue.
-- dialect: postgresql
CREATE TABLE v_domains (
  domain_uuid uuid PRIMARY KEY,
  domain_parent_uuid uuid,
  domain_name text,
  domain_enabled boolean,
  domain_description text,
  insert_date timestamptz,
  insert_user uuid,
  update_date timestamptz,
  update_user uuid
);

CREATE TABLE v_xml_cdr (
  xml_cdr_uuid uuid PRIMARY KEY,
  domain_uuid uuid,
  provider_uuid uuid,
  extension_uuid uuid,
  sip_call_id text,
  domain_name text,
  accountcode text,
  direction text,
  default_language text,
  context text,
  caller_id_name text,
  caller_id_number text,
  caller_destination text,
  source_number text,
  destination_number text,
  start_epoch numeric,
  start_stamp timestamptz,
  answer_stamp timestamptz,
  answer_epoch numeric,
  end_epoch numeric,
  end_stamp timestamptz,
  duration numeric,
  mduration numeric,
  billsec numeric,
  billmsec numeric,
  hold_accum_seconds numeric,
  bridge_uuid text,
  read_codec text,
  read_rate text,
  write_codec text,
  write_rate text,
  remote_media_ip text,
  network_addr text,
  record_path text,
  record_name text,
  record_length numeric,
  record_transcription text,
  leg char(1),
  originating_leg_uuid uuid,
  pdd_ms numeric,
  rtp_audio_in_mos numeric,
  last_app text,
  last_arg text,
  voicemail_message boolean,
  missed_call boolean,
  call_center_queue_uuid uuid,
  cc_side text,
  cc_member_uuid uuid,
  cc_queue_joined_epoch numeric,
  cc_queue text,
  cc_member_session_uuid uuid,
  cc_agent_uuid uuid,
  cc_agent text,
  cc_agent_type text,
  cc_agent_bridged text,
  cc_queue_answered_epoch numeric,
  cc_queue_terminated_epoch numeric,
  cc_queue_canceled_epoch numeric,
  cc_cancel_reason text,
  cc_cause text,
  waitsec numeric,
  conference_name text,
  conference_uuid uuid,
  conference_member_id text,
  digits_dialed text,
  pin_number text,
  status text,
  call_disposition text,
  hangup_cause text,
  hangup_cause_q850 numeric,
  sip_hangup_disposition text,
  ring_group_uuid uuid,
  ivr_menu_uuid uuid,
  processed boolean,
  call_flow jsonb,
  xml text,
  json jsonb,
  insert_date timestamptz,
  insert_user uuid,
  update_date timestamptz,
  update_user uuid
);
CREATE INDEX v_xml_cdr_domain_uuid_fkey ON v_xml_cdr (domain_uuid);
CREATE INDEX v_xml_cdr_provider_uuid_fkey ON v_xml_cdr (provider_uuid);

CREATE TABLE v_xml_cdr_flow (
  xml_cdr_flow_uuid uuid PRIMARY KEY,
  xml_cdr_uuid uuid,
  domain_uuid uuid,
  call_flow jsonb,
  insert_date timestamptz,
  insert_user uuid,
  update_date timestamptz,
  update_user uuid
);
CREATE INDEX v_xml_cdr_flow_domain_uuid_fkey ON v_xml_cdr_flow (domain_uuid);
CREATE INDEX v_xml_cdr_flow_xml_cdr_uuid_fkey ON v_xml_cdr_flow (xml_cdr_uuid);

CREATE TABLE v_xml_cdr_json (
  xml_cdr_json_uuid uuid PRIMARY KEY,
  xml_cdr_uuid uuid,
  domain_uuid uuid,
  start_stamp timestamptz,
  json jsonb,
  insert_date timestamptz,
  insert_user uuid,
  update_date timestamptz,
  update_user uuid
);
CREATE INDEX v_xml_cdr_json_domain_uuid_fkey ON v_xml_cdr_json (domain_uuid);
CREATE INDEX v_xml_cdr_json_xml_cdr_uuid_fkey ON v_xml_cdr_json (xml_cdr_uuid);

CREATE TABLE v_xml_cdr_logs (
  xml_cdr_log_uuid uuid PRIMARY KEY,
  xml_cdr_uuid uuid,
  domain_uuid uuid,
  log_date text,
  log_content text,
  insert_date timestamptz,
  insert_user uuid,
  update_date timestamptz,
  update_user uuid
);
CREATE INDEX v_xml_cdr_logs_domain_uuid_fkey ON v_xml_cdr_logs (domain_uuid);
CREATE INDEX v_xml_cdr_logs_xml_cdr_uuid_fkey ON v_xml_cdr_logs (xml_cdr_uuid);

CREATE TABLE v_xml_cdr_extensions (
  xml_cdr_extension_uuid uuid PRIMARY KEY,
  domain_uuid uuid,
  xml_cdr_uuid uuid,
  extension_uuid uuid,
  start_stamp timestamptz,
  end_stamp timestamptz,
  duration numeric,
  insert_date timestamptz,
  insert_user uuid,
  update_date timestamptz,
  update_user uuid
);
CREATE INDEX v_xml_cdr_extensions_domain_uuid_fkey ON v_xml_cdr_extensions (domain_uuid);
CREATE INDEX v_xml_cdr_extensions_xml_cdr_uuid_fkey ON v_xml_cdr_extensions (xml_cdr_uuid);

CREATE TABLE v_xml_cdr_transcripts (
  xml_cdr_transcript_uuid uuid PRIMARY KEY,
  xml_cdr_uuid uuid,
  domain_uuid uuid,
  transcript_json jsonb,
  transcript_summary text,
  insert_date timestamptz,
  insert_user uuid,
  update_date timestamptz,
  update_user uuid
);
CREATE INDEX v_xml_cdr_transcripts_domain_uuid_fkey ON v_xml_cdr_transcripts (domain_uuid);
CREATE INDEX v_xml_cdr_transcripts_xml_cdr_uuid_fkey ON v_xml_cdr_transcripts (xml_cdr_uuid);

CREATE VIEW view_call_recordings AS
  SELECT c.domain_uuid, c.xml_cdr_uuid AS call_recording_uuid, c.caller_id_name,
    c.caller_id_number, c.record_name AS call_recording_name,
    c.record_path AS call_recording_path, t.transcript_json AS call_recording_transcription,
    c.start_stamp AS call_recording_date
  FROM v_xml_cdr c LEFT JOIN v_xml_cdr_transcripts t ON c.xml_cdr_uuid = t.xml_cdr_uuid
  WHERE c.record_name IS NOT NULL AND c.record_path IS NOT NULL;

-- The application transcribe: its id is that of the call.
CREATE TABLE v_transcribe_queue (
  transcribe_queue_uuid uuid PRIMARY KEY,
  domain_uuid uuid,
  hostname text,
  transcribe_status text,
  transcribe_app_class text,
  transcribe_app_method text,
  transcribe_app_params text,
  transcribe_audio_path text,
  transcribe_audio_name text,
  transcribe_message text,
  transcribe_duration numeric,
  insert_date timestamptz,
  insert_user uuid,
  update_date timestamptz,
  update_user uuid
);
CREATE INDEX v_transcribe_queue_domain_uuid_fkey ON v_transcribe_queue (domain_uuid);

CREATE TABLE v_voicemails (
  domain_uuid uuid,
  voicemail_uuid uuid PRIMARY KEY,
  voicemail_id text,
  voicemail_password text,
  greeting_id numeric,
  voicemail_mail_to text,
  voicemail_local_after_email boolean,
  voicemail_enabled boolean,
  voicemail_description text,
  voicemail_name_base64 text,
  insert_date timestamptz,
  insert_user uuid,
  update_date timestamptz,
  update_user uuid
);
CREATE INDEX v_voicemails_domain_uuid_fkey ON v_voicemails (domain_uuid);

CREATE TABLE v_voicemail_greetings (
  voicemail_greeting_uuid uuid PRIMARY KEY,
  domain_uuid uuid,
  voicemail_id text,
  greeting_id numeric,
  greeting_name text,
  greeting_filename text,
  greeting_base64 text,
  insert_date timestamptz,
  insert_user uuid,
  update_date timestamptz,
  update_user uuid
);
CREATE INDEX v_voicemail_greetings_domain_uuid_fkey ON v_voicemail_greetings (domain_uuid);

CREATE TABLE v_voicemail_messages (
  domain_uuid uuid,
  voicemail_message_uuid uuid PRIMARY KEY,
  voicemail_uuid uuid,
  created_epoch numeric,
  read_epoch numeric,
  caller_id_name text,
  caller_id_number text,
  message_length numeric,
  message_status text,
  message_priority text,
  message_intro_base64 text,
  message_base64 text,
  message_transcription text,
  insert_date timestamptz,
  insert_user uuid,
  update_date timestamptz,
  update_user uuid
);
CREATE INDEX v_voicemail_messages_domain_uuid_fkey ON v_voicemail_messages (domain_uuid);
CREATE INDEX v_voicemail_messages_voicemail_uuid_fkey ON v_voicemail_messages (voicemail_uuid);

CREATE TABLE v_fax_files (
  domain_uuid uuid,
  fax_file_uuid uuid PRIMARY KEY,
  fax_uuid uuid,
  fax_mode text,
  fax_recipient text,
  fax_destination text,
  fax_file_type text,
  fax_file_path text,
  fax_caller_id_name text,
  fax_caller_id_number text,
  fax_date timestamptz,
  fax_epoch numeric,
  fax_base64 text,
  read_date timestamptz,
  insert_date timestamptz,
  insert_user uuid,
  update_date timestamptz,
  update_user uuid
);
CREATE INDEX v_fax_files_domain_uuid_fkey ON v_fax_files (domain_uuid);

CREATE TABLE v_fax_logs (
  fax_log_uuid uuid PRIMARY KEY,
  domain_uuid uuid,
  fax_uuid uuid,
  fax_success text,
  fax_result_code numeric,
  fax_result_text text,
  fax_file text,
  fax_ecm_used text,
  fax_local_station_id text,
  fax_document_transferred_pages numeric,
  fax_document_total_pages numeric,
  fax_image_resolution text,
  fax_image_size numeric,
  fax_bad_rows numeric,
  fax_transfer_rate numeric,
  fax_retry_attempts numeric,
  fax_retry_limit numeric,
  fax_retry_sleep numeric,
  fax_uri text,
  fax_duration numeric,
  fax_date timestamptz,
  fax_epoch numeric,
  insert_date timestamptz,
  insert_user uuid,
  update_date timestamptz,
  update_user uuid
);
CREATE INDEX v_fax_logs_domain_uuid_fkey ON v_fax_logs (domain_uuid);
CREATE INDEX v_fax_logs_fax_uuid_fkey ON v_fax_logs (fax_uuid);

CREATE TABLE v_fax_queue (
  fax_queue_uuid uuid PRIMARY KEY,
  domain_uuid uuid,
  fax_uuid uuid,
  origination_uuid uuid,
  fax_log_uuid uuid,
  fax_date timestamptz,
  hostname text,
  fax_caller_id_name text,
  fax_caller_id_number text,
  fax_recipient text,
  fax_number text,
  fax_prefix text,
  fax_email_address text,
  fax_file text,
  fax_status text,
  fax_retry_date timestamptz,
  fax_notify_sent boolean,
  fax_notify_date timestamptz,
  fax_retry_count numeric,
  fax_accountcode text,
  fax_command text,
  fax_response text,
  insert_date timestamptz,
  insert_user uuid,
  update_date timestamptz,
  update_user uuid
);
CREATE INDEX v_fax_queue_domain_uuid_fkey ON v_fax_queue (domain_uuid);
CREATE INDEX v_fax_queue_fax_log_uuid_fkey ON v_fax_queue (fax_log_uuid);

CREATE TABLE v_email_queue (
  email_queue_uuid uuid PRIMARY KEY,
  domain_uuid uuid,
  hostname text,
  email_date timestamptz,
  email_from text,
  email_to text,
  email_subject text,
  email_body text,
  email_status text,
  email_retry_count numeric,
  email_action_before text,
  email_action_after text,
  email_uuid uuid,
  email_transcription text,
  email_response text,
  insert_date timestamptz,
  insert_user uuid,
  update_date timestamptz,
  update_user uuid
);
CREATE INDEX v_email_queue_domain_uuid_fkey ON v_email_queue (domain_uuid);

CREATE TABLE v_email_queue_attachments (
  email_queue_attachment_uuid uuid PRIMARY KEY,
  domain_uuid uuid,
  email_queue_uuid uuid,
  email_attachment_mime_type text,
  email_attachment_type text,
  email_attachment_path text,
  email_attachment_name text,
  email_attachment_base64 text,
  email_attachment_cid text,
  insert_date timestamptz,
  insert_user uuid,
  update_date timestamptz,
  update_user uuid
);
CREATE INDEX v_email_queue_attachments_email_queue_uuid_fkey
  ON v_email_queue_attachments (email_queue_uuid);

-- The application messages (SMS, MMS), which is not part of every installation.
CREATE TABLE v_messages (
  message_uuid uuid PRIMARY KEY,
  domain_uuid uuid,
  provider_uuid uuid,
  user_uuid uuid,
  group_uuid uuid,
  contact_uuid uuid,
  hostname text,
  message_type text,
  message_direction text,
  message_date timestamptz,
  message_read boolean,
  message_from text,
  message_to text,
  message_text text,
  message_json text,
  insert_date timestamptz,
  insert_user uuid,
  update_date timestamptz,
  update_user uuid
);

CREATE TABLE v_message_media (
  message_media_uuid uuid PRIMARY KEY,
  message_uuid uuid,
  domain_uuid uuid,
  user_uuid uuid,
  message_media_name text,
  message_media_type text,
  message_media_url text,
  message_media_date timestamptz,
  message_media_content text,
  insert_date timestamptz,
  insert_user uuid,
  update_date timestamptz,
  update_user uuid
);
CREATE INDEX v_message_media_message_uuid_fkey ON v_message_media (message_uuid);

CREATE TABLE v_message_queue (
  message_queue_uuid uuid PRIMARY KEY,
  domain_uuid uuid,
  provider_uuid uuid,
  user_uuid uuid,
  group_uuid uuid,
  contact_uuid uuid,
  hostname text,
  message_type text,
  message_status text,
  message_direction text,
  message_date timestamptz,
  message_from text,
  message_to text,
  message_text text,
  message_json text,
  message_debug text,
  insert_date timestamptz,
  insert_user uuid,
  update_date timestamptz,
  update_user uuid
);

CREATE TABLE v_database_transactions (
  domain_uuid uuid,
  database_transaction_uuid uuid PRIMARY KEY,
  user_uuid uuid,
  app_name text,
  app_uuid uuid,
  transaction_code text,
  transaction_address text,
  transaction_type text,
  transaction_date timestamptz,
  transaction_old text,
  transaction_new text,
  transaction_result text,
  insert_date timestamptz,
  insert_user uuid,
  update_date timestamptz,
  update_user uuid
);
CREATE INDEX v_database_transactions_domain_uuid_fkey ON v_database_transactions (domain_uuid);

CREATE TABLE v_user_logs (
  user_log_uuid uuid PRIMARY KEY,
  domain_uuid uuid,
  hostname text,
  "timestamp" timestamptz,
  user_uuid uuid,
  username text,
  type text,
  result text,
  detail text,
  remote_address text,
  user_agent text,
  session_id text,
  insert_date timestamptz,
  insert_user uuid,
  update_date timestamptz,
  update_user uuid
);
CREATE INDEX v_user_logs_domain_uuid_fkey ON v_user_logs (domain_uuid);

CREATE TABLE v_event_guard_logs (
  event_guard_log_uuid uuid PRIMARY KEY,
  hostname text,
  log_date timestamptz,
  filter text,
  ip_address text,
  extension text,
  user_agent text,
  log_status text,
  insert_date timestamptz,
  insert_user uuid,
  update_date timestamptz,
  update_user uuid
);

CREATE TABLE v_emergency_logs (
  emergency_log_uuid uuid PRIMARY KEY,
  domain_uuid uuid,
  extension numeric,
  event text,
  insert_date timestamptz,
  insert_user uuid,
  update_date timestamptz,
  update_user uuid
);

-- Announcements and prompts of the PBX itself: never touched.
CREATE TABLE v_recordings (
  domain_uuid uuid,
  recording_uuid uuid PRIMARY KEY,
  recording_filename text,
  recording_name text,
  recording_description text,
  recording_base64 text,
  insert_date timestamptz,
  insert_user uuid,
  update_date timestamptz,
  update_user uuid
);
CREATE INDEX v_recordings_domain_uuid_fkey ON v_recordings (domain_uuid);

CREATE TABLE v_default_settings (
  default_setting_uuid uuid PRIMARY KEY,
  app_uuid uuid,
  default_setting_category text,
  default_setting_subcategory text,
  default_setting_name text,
  default_setting_value text,
  default_setting_order numeric,
  default_setting_enabled boolean,
  default_setting_description text,
  insert_date timestamptz,
  insert_user uuid,
  update_date timestamptz,
  update_user uuid
);

CREATE TABLE v_domain_settings (
  domain_setting_uuid uuid PRIMARY KEY,
  domain_uuid uuid,
  app_uuid uuid,
  domain_setting_category text,
  domain_setting_subcategory text,
  domain_setting_name text,
  domain_setting_value text,
  domain_setting_order numeric,
  domain_setting_enabled boolean,
  domain_setting_description text,
  insert_date timestamptz,
  insert_user uuid,
  update_date timestamptz,
  update_user uuid
);
