-- pascom's call journal. For tests and for trying a manifest; never run against a live system.
-- Each statement ends with a semicolon at the end of its line.
-- Known are the names of the table and its columns, and that times carry no zone. Inferred: all
-- types, the primary key, the index.
-- dialect: postgresql
CREATE TABLE mdphonecallrecord (
  phonecallrecord_id bigint NOT NULL,
  phonecallrecord_timestamp timestamp without time zone,
  phonecallrecord_parentid bigint,
  phonecallrecord_chain character varying(255),
  phonecallrecord_result character varying(255),
  phonecallrecord_resultdetails character varying(255),
  phonecallrecord_via character varying(255),
  phonecallrecord_viadetails character varying(255),
  phonecallrecord_recordid character varying(255),
  phonecallrecord_duration integer,
  phonecallrecord_connected integer,
  phonecallrecord_srcinternal boolean,
  phonecallrecord_srcuserid bigint,
  phonecallrecord_srcusername character varying(255),
  phonecallrecord_srcname character varying(255),
  phonecallrecord_srcdeviceid bigint,
  phonecallrecord_srcdevicename character varying(255),
  phonecallrecord_srclocationid bigint,
  phonecallrecord_srclocationname character varying(255),
  phonecallrecord_srcprefix character varying(255),
  phonecallrecord_srcnumber character varying(255),
  phonecallrecord_srcextension character varying(255),
  phonecallrecord_dstinternal boolean,
  phonecallrecord_dstuserid bigint,
  phonecallrecord_dstusername character varying(255),
  phonecallrecord_dstname character varying(255),
  phonecallrecord_dstdeviceid bigint,
  phonecallrecord_dstdevicename character varying(255),
  phonecallrecord_dstlocationid bigint,
  phonecallrecord_dstlocationname character varying(255),
  phonecallrecord_dstprefix character varying(255),
  phonecallrecord_dstnumber character varying(255),
  phonecallrecord_dstextension character varying(255),
  phonecallrecord_srcphonebookentryid bigint,
  phonecallrecord_dstphonebookentryid bigint,
  phonecallrecord_data text,
  phonecallrecord_holdcount integer,
  phonecallrecord_holdduration integer,
  phonecallrecord_phonecallid character varying(255),
  CONSTRAINT mdphonecallrecord_pkey PRIMARY KEY (phonecallrecord_id)
);

CREATE INDEX mdphonecallrecord_timestamp ON mdphonecallrecord (phonecallrecord_timestamp);
