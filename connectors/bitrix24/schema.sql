-- Bitrix24 (self-hosted): the tables of its telephony module. For tests and for trying a manifest;
-- never run against a live system. Each statement ends with a semicolon at the end of its line.
-- There are no foreign keys: tables are tied by convention.
-- dialect: mysql
CREATE TABLE b_voximplant_statistic (
  ID int(11) NOT NULL AUTO_INCREMENT,
  ACCOUNT_ID int(11) NULL,
  APPLICATION_ID int(11) NULL,
  APPLICATION_NAME varchar(80) NULL,
  PORTAL_USER_ID int(11) NULL,
  PORTAL_NUMBER varchar(50) NULL,
  PHONE_NUMBER varchar(20) NOT NULL,
  INCOMING varchar(50) NOT NULL DEFAULT '1',
  SESSION_ID bigint unsigned NULL,
  CALL_ID varchar(255) NOT NULL,
  EXTERNAL_CALL_ID varchar(64) NULL,
  CALL_CATEGORY varchar(20) NULL DEFAULT 'external',
  CALL_LOG varchar(2000) NULL,
  CALL_DIRECTION varchar(255) NULL,
  CALL_DURATION int(11) NOT NULL DEFAULT 0,
  CALL_START_DATE datetime NOT NULL,
  CALL_STATUS int(11) NULL DEFAULT 0,
  CALL_FAILED_CODE varchar(255) NULL,
  CALL_FAILED_REASON varchar(255) NULL,
  CALL_RECORD_ID int(11) NULL,
  CALL_RECORD_URL varchar(2000) NULL,
  CALL_WEBDAV_ID int(11) NULL,
  CALL_VOTE smallint(1) DEFAULT 0,
  COST double(11, 4) NULL DEFAULT 0,
  COST_CURRENCY varchar(50) NULL,
  CRM_ENTITY_TYPE varchar(50) NULL,
  CRM_ENTITY_ID int(11) NULL,
  CRM_ACTIVITY_ID int(11) NULL,
  REST_APP_ID int(11) NULL,
  REST_APP_NAME varchar(255) NULL,
  TRANSCRIPT_PENDING char(1) NULL,
  TRANSCRIPT_ID int(11) NULL,
  REDIAL_ATTEMPT int(11) NULL,
  COMMENT text NULL,
  RECORD_DURATION int(11) NULL,
  PRIMARY KEY (ID),
  KEY IX_VI_ST_2 (CALL_START_DATE),
  KEY IX_VI_ST_3 (CALL_FAILED_CODE),
  KEY IX_VI_ST_4 (CALL_CATEGORY),
  KEY IX_VI_ST_5 (CALL_VOTE),
  KEY IX_VI_ST_6 (CALL_ID),
  KEY IX_VI_ST_7 (CALL_START_DATE, CALL_CATEGORY, CALL_DURATION, COST),
  KEY IX_VI_ST_8 (EXTERNAL_CALL_ID),
  KEY IX_VI_ST_9 (PORTAL_USER_ID, CALL_START_DATE),
  KEY IX_VI_ST_10 (CRM_ACTIVITY_ID),
  KEY IX_VI_ST_11 (CALL_RECORD_ID),
  KEY IX_VI_ST_12 (CALL_WEBDAV_ID),
  KEY IX_VI_ST_13 (CRM_ENTITY_ID, CRM_ENTITY_TYPE),
  KEY IX_VI_ST_14 (SESSION_ID),
  FULLTEXT KEY IXF_VI_ST_1 (COMMENT)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- A copy for searching: number, user, CRM caption, transcript and comment in one text.
CREATE TABLE b_voximplant_statistic_index (
  STATISTIC_ID int(11) NOT NULL AUTO_INCREMENT,
  CONTENT mediumtext,
  PRIMARY KEY (STATISTIC_ID),
  FULLTEXT KEY IXF_VI_STATS_1 (CONTENT)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- ID is that of the missed call, CALLBACK_ID that of the call back.
CREATE TABLE b_voximplant_statistic_missed (
  ID int(11) NOT NULL,
  CALL_START_DATE datetime NOT NULL,
  PHONE_NUMBER varchar(20) NOT NULL,
  PORTAL_USER_ID int(11) NULL,
  CALLBACK_ID int(11) NULL,
  CALLBACK_CALL_START_DATE datetime NULL,
  PRIMARY KEY (ID),
  KEY IX_VI_ST_1 (PHONE_NUMBER),
  KEY IX_VI_ST_2 (CALLBACK_ID)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE b_voximplant_transcript (
  ID int(11) NOT NULL AUTO_INCREMENT,
  SESSION_ID bigint unsigned NULL,
  CALL_ID varchar(255) NULL,
  URL varchar(255) NULL,
  CONTENT text NULL,
  COST double(11, 4) NULL DEFAULT 0,
  COST_CURRENCY varchar(50) NULL,
  PRIMARY KEY (ID),
  KEY IX_VOX_TRANS_1 (SESSION_ID),
  KEY IX_VOX_TRANS_2 (CALL_ID)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE b_voximplant_transcript_line (
  ID int(11) NOT NULL AUTO_INCREMENT,
  TRANSCRIPT_ID int(11) NOT NULL,
  SIDE varchar(10) NOT NULL,
  START_TIME int NOT NULL,
  STOP_TIME int NOT NULL,
  MESSAGE text,
  PRIMARY KEY (ID),
  KEY IX_VOX_TRANS_LINE_1 (TRANSCRIPT_ID),
  FULLTEXT KEY IXF_VI_TRANSCRIPT_LINE_1 (MESSAGE)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Running calls; the product drops rows older than 30 days by itself. Shortened.
CREATE TABLE b_voximplant_call (
  ID int(11) NOT NULL AUTO_INCREMENT,
  CALL_ID varchar(255) NOT NULL,
  CALLER_ID varchar(255) NULL,
  STATUS varchar(50) NULL,
  DATE_CREATE datetime,
  COMMENT text NULL,
  SIP_HEADERS text NULL,
  GATHERED_DIGITS varchar(15) NULL,
  PRIMARY KEY (ID),
  KEY IX_VI_I_1 (CALL_ID)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
