-- UCware's table of external calls for billing, written by the package ucware-services-billing.
-- For tests and for trying a manifest; never run against a live system.
-- Each statement ends with a semicolon at the end of its line.
-- Known are the names of the table and its columns. Inferred: everything else, even the server.
-- dialect: mysql
CREATE TABLE services_billing (
  uniqueid varchar(150) NOT NULL,
  extension varchar(40) NOT NULL,
  originator varchar(40) NOT NULL,
  dialedNumber varchar(80) NOT NULL,
  timestamp datetime NOT NULL,
  duration int(11) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- dialect: postgresql
CREATE TABLE services_billing (
  uniqueid character varying(150) NOT NULL,
  extension character varying(40) NOT NULL,
  originator character varying(40) NOT NULL,
  "dialedNumber" character varying(80) NOT NULL,
  "timestamp" timestamp with time zone NOT NULL,
  duration integer NOT NULL
);
