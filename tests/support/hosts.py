"""Hosts of telephone systems, made of text files: what each product's own files look like.

Every password, and every file whose name holds a number, bears a mark; nothing that is printed or
written may. ``EXPECTED`` is all that discovery has to find on each, and it must find nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

SECRET = "CANARY-77077077"
"""Every password on these hosts."""
NUMBER = "+4930770770771"
"""In names of files that hold calls."""

Files = Mapping[str, str]
SOUND = "sound"


def make(root: Path, files: Files) -> Path:
    """Writes a host's files below a folder; a value that begins with ``->`` is a link."""
    for name, text in files.items():
        path = root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            path.mkdir(exist_ok=True)
        elif text.startswith("->"):
            path.symlink_to(text[2:])
        else:
            path.write_text(text, "utf-8")
    return root


@dataclass(frozen=True)
class Host:
    """A host and what is on it: places in use, places switched off, addresses for settings."""

    files: Files
    on: set[str]
    off: set[str] = field(default_factory=set)
    urls: tuple[str, ...] = ()
    inside: str = ""
    """Another host that this one builds on."""

    def all_files(self) -> Files:
        return {**(HOSTS[self.inside].all_files() if self.inside else {}), **self.files}


BERLIN = {"/etc/localtime": "->../usr/share/zoneinfo/Europe/Berlin"}

ODBC = f"""\
[MySQL-asteriskcdrdb]
Description=MySQL connection to 'asteriskcdrdb' database
driver=MariaDB Unicode
server=localhost
database=asteriskcdrdb
Port=3306
Socket=/var/lib/mysql/mysql.sock
option=3
[reports]
Driver = PostgreSQL
Servername = reports.example
Port = 5433
Database = calls
UserName = reporter
Password = {SECRET}
"""

ASTERISK = {
    **BERLIN,
    "/etc/asterisk/asterisk.conf": (
        "[directories](!)\nastetcdir => /etc/asterisk\nastspooldir => /srv/spool/asterisk\n"
        "[directories]\nastlogdir => /var/log/asterisk\nastspooldir => /srv/spool/asterisk ; here\n"
        ";[options]\n"
    ),
    "/etc/asterisk/modules.conf": "[modules]\nautoload=yes\nnoload => cdr_mysql.so\n",
    "/etc/asterisk/cdr.conf": (
        "[general]\nenable=yes\n;--\n[radius]\nradiuscfg => /etc/x\n--;\n"
        "[csv]\nusegmtime=yes\nloguniqueid=yes\n"
    ),
    "/etc/asterisk/cdr_adaptive_odbc.conf": (
        "; [first]\n; connection=nothing\n"
        "[main]\nconnection=asteriskcdrdb\ntable=cdr\nalias start => calldate\n"
        "[branch]\nconnection => asteriskcdrdb\ntable => branch_calls\n"
        "[reports]\nconnection=far\nloguniqueid=yes\n"
        "[unfinished]\ntable=cdr9\n"
    ),
    "/etc/asterisk/res_odbc.conf": "[general]\n#include res_odbc_additional.conf\n",
    "/etc/asterisk/res_odbc_additional.conf": (
        f"[asteriskcdrdb]\nenabled=>yes\ndsn=>MySQL-asteriskcdrdb\nusername=>astuser\n"
        f"password=>{SECRET}\n[far]\ndsn => reports\nusername => reporter\npassword => {SECRET}\n"
    ),
    "/etc/odbc.ini": ODBC,
    "/etc/asterisk/cdr_pgsql.conf": (
        f"[global]\nhostname=db.example\nport=5432\ndbname=calls\nuser=asterisk\n"
        f"password={SECRET}\ntable=cdr\n"
    ),
    "/etc/asterisk/cdr_mysql.conf": f"[global]\ndbname=old\npassword={SECRET}\nuser=old\n",
    "/etc/asterisk/cdr_sqlite3_custom.conf": (
        "[master]\ntable => cdr\ncolumns => calldate, src\nvalues => '${CDR(start)}', 'x'\n"
        "[/srv/calls/second.db]\ntable = calls\nfields = start, src\n"
        "[sample]\ntable=cdr\n"
    ),
    "/etc/asterisk/cdr_custom.conf": (
        "[mappings]\nMaster.csv => ${CSV_QUOTE(${CDR(clid)})}\n"
        "[/srv/calls/all.json]\nformat = json\nfields = clid, src\n"
        "[other.csv]\nfields = clid\n"
    ),
    # As a fresh installation has them: every line that would do anything is a comment.
    "/etc/asterisk/cel_pgsql.conf": "[global]\n;show_user_defined=yes\n;dbname=asterisk\n",
    "/etc/asterisk/cdr_tds.conf": ";[global]\n;dbname=AsteriskCDRs\n",
    "/etc/asterisk/cdr_odbc.conf": ";[global]\n;dsn=MySQL-test\n",
    "/etc/asterisk/cel_sqlite3_custom.conf": ";[master]\n;table = cel\n;columns = x\n",
    "/etc/asterisk/cdr_manager.conf": "[general]\nenabled = no\n",
    "/etc/asterisk/cel.conf": "[general]\nenable=yes\napps=all\n",
    "/etc/asterisk/cel_odbc.conf": (
        "[general]\nshow_user_defined=yes\n[events]\nconnection=asteriskcdrdb\ntable=cel\n"
    ),
    "/etc/asterisk/extconfig.conf": (
        "[settings]\n;queue_log => odbc,other,queue_log\nqueue_log => odbc,asteriskcdrdb,queuelog\n"
    ),
    "/etc/asterisk/voicemail.conf": f"[general]\nformat=wav\nbackupdeleted=100\n;odbcstorage=x\n"
    f"[default]\n4111 => {SECRET},Zoë,zoe@example.org\n",
    "/etc/asterisk/manager.conf": f"[general]\nenabled=yes\n[retention]\nsecret = {SECRET}\n",
    "/var/log/asterisk/cdr-csv/Master.csv": f'"","{NUMBER}"\n',
    f"/var/log/asterisk/cdr-csv/{NUMBER}.csv": f'"","{NUMBER}"\n',
    "/var/log/asterisk/cdr-custom/Master.csv": "x",
    "/var/log/asterisk/master.db": "SQLite format 3",
    "/var/log/asterisk/queue_log": "1|x|y|z|ENTERQUEUE\n",
    "/var/log/asterisk/full": NUMBER,
    f"/srv/spool/asterisk/monitor/2026/11/{NUMBER}.wav": SOUND,
    f"/srv/spool/asterisk/voicemail/default/{NUMBER}/INBOX/msg0000.txt": NUMBER,
}

CDRDB = "mysql:localhost/asteriskcdrdb"
ASTERISK_PLACES = {
    f"cdr-adaptive-odbc {CDRDB} cdr",
    f"cdr-adaptive-odbc {CDRDB} branch_calls",
    "cdr-adaptive-odbc postgresql:reports.example/calls cdr",
    "cdr-pgsql postgresql:db.example/calls cdr",
    "cdr-sqlite3 sqlite:/var/log/asterisk/master.db cdr",
    "cdr-sqlite3 sqlite:/srv/calls/second.db calls",
    "cdr-csv /var/log/asterisk/cdr-csv/*.csv",
    "cdr-custom /var/log/asterisk/cdr-custom/*",
    "cdr-custom-fields /srv/calls/all.json",
    "cdr-custom-fields /var/log/asterisk/cdr-custom/other.csv",
    f"cel-odbc {CDRDB} cel",
    f"queue-log-table {CDRDB} queuelog",
    "queue-log /var/log/asterisk/queue_log",
    "system-logs /var/log/asterisk/full*",
}

FREEPBX = {
    "/etc/freepbx.conf": (
        "<?php\n// Written by the installer\n$amp_conf['AMPDBUSER'] = 'freepbxuser';\n"
        f"$amp_conf['AMPDBPASS'] = '{SECRET}';\n$amp_conf['AMPDBHOST'] = 'localhost';\n"
        "$amp_conf['AMPDBNAME'] = 'asterisk';\n$amp_conf['AMPDBENGINE'] = 'mysql';\n"
        "$amp_conf['datasource'] = ''; /* $amp_conf['CDRDBNAME'] = 'no'; */\n"
        "require_once('/var/www/html/admin/bootstrap.php');\n?>\n"
    ),
    "/etc/amportal.conf": (
        f"# generated\nAMPMGRUSER=admin\nAMPMGRPASS={SECRET}\nMIXMON_DIR=/srv/recordings\n"
        "CACHE_CLEANUP_DAYS=30\nTRANSIENTCDR=TRUE\nPHPTIMEZONE=Europe/Vienna\nAMPPLAYBACK=\n"
    ),
    **BERLIN,
    "/etc/asterisk/asterisk.conf": "[directories](!)\nastspooldir => /var/spool/asterisk\n",
    "/etc/asterisk/cdr_adaptive_odbc.conf": (
        "[first]\nconnection=asteriskcdrdb\ntable=cdr\nalias start => calldate\n"
        "[second]\nconnection=asteriskcdrdb\ntable=daily_cdr\nalias start => calldate\n"
    ),
    "/etc/asterisk/res_odbc.conf": "#include res_odbc_additional.conf\n",
    "/etc/asterisk/res_odbc_additional.conf": (
        f"[asteriskcdrdb]\ndsn=>MySQL-asteriskcdrdb\nusername=>freepbxuser\npassword=>{SECRET}\n"
    ),
    "/etc/odbc.ini": ODBC,
    "/etc/asterisk/cel.conf": "[general]\nenable=yes\n",
    "/etc/asterisk/cel_odbc.conf": "[cel]\nconnection=asteriskcdrdb\nloguniqueid=yes\ntable=cel\n",
    "/var/log/asterisk/full": NUMBER,
    f"/srv/recordings/2026/11/23/out-{NUMBER}.wav": SOUND,
    f"/var/spool/asterisk/backup/nightly/{NUMBER}.tar.gz": "x",
    f"/var/spool/asterisk/voicemail/default/{NUMBER}/INBOX/msg0000.txt": "x",
}

FREEPBX_PLACES = {
    f"calls {CDRDB} cdr",
    f"cdr-adaptive-odbc {CDRDB} daily_cdr",
    f"cel-odbc {CDRDB} cel",
    "system-logs /var/log/asterisk/full*",
    "backups /var/spool/asterisk/backup/*",
}

FS = "/etc/freeswitch/autoload_configs"
FREESWITCH = {
    "/etc/timezone": "Europe/Berlin\n",
    "/etc/freeswitch/freeswitch.xml": "<document/>",
    "/etc/freeswitch/vars.xml": (
        f'<include><X-PRE-PROCESS cmd="set" data="default_password={SECRET}"/>'
        '<X-PRE-PROCESS cmd="set" data="cdr_host=db.example"/>'
        '<X-PRE-PROCESS cmd="exec-set" data="x=touch /tmp/run"/></include>'
    ),
    f"{FS}/modules.conf.xml": (
        '<configuration name="modules.conf"><modules><load module="mod_cdr_csv"/>'
        '<load module="mod_cdr_pg_csv"/><load module="mod_voicemail"/><load module="mod_json_cdr"/>'
        '<load module="mod_odbc_cdr"/><load module="mod_format_cdr"/>'
        '<!-- <load module="mod_cdr_sqlite"/> --></modules></configuration>'
    ),
    f"{FS}/cdr_csv.conf.xml": (
        '<configuration name="cdr_csv.conf"><settings><!-- <param name="log-base" value="/no"/> -->'
        '<param name="default-template" value="example"/></settings></configuration>'
    ),
    f"{FS}/cdr_sqlite.conf.xml": (
        '<configuration name="cdr_sqlite.conf"><settings><param name="db-name" value="cdr"/>'
        "</settings></configuration>"
    ),
    f"{FS}/cdr_pg_csv.conf.xml": (
        '<configuration name="cdr_pg_csv.conf"><settings><param name="db-info" value="'
        f"host=$${{cdr_host}} dbname=calls user=fs password='{SECRET}' connect_timeout=10\"/>"
        "</settings></configuration>"
    ),
    f"{FS}/odbc_cdr.conf.xml": (
        '<configuration name="odbc_cdr.conf"><settings>'
        f'<param name="odbc-dsn" value="reports:fs:{SECRET}"/></settings><tables>'
        '<table name="cdr_a" log-leg="a-leg"><field name="u" chan-var-name="uuid"/></table>'
        '<table name="cdr_b" log-leg="b-leg"/></tables></configuration>'
    ),
    f"{FS}/json_cdr.conf.xml": (
        '<configuration name="json_cdr.conf"><settings><param name="log-dir" value="/srv/json"/>'
        f'<param name="url" value="https://x.example/cdr"/><param name="cred" value="{SECRET}"/>'
        "</settings></configuration>"
    ),
    f"{FS}/format_cdr.conf.xml": (
        '<configuration name="format_cdr.conf"><profiles><profile name="one"><settings>'
        '<param name="format" value="xml"/><param name="log-dir" value=""/></settings></profile>'
        '<profile name="two"><settings><param name="format" value="json"/>'
        '<param name="log-dir" value="/srv/two"/></settings></profile></profiles></configuration>'
    ),
    f"{FS}/voicemail.conf.xml": (
        '<configuration name="voicemail.conf"><settings></settings><profiles>'
        '<profile name="default"><param name="file-extension" value="wav"/><email>'
        '<param name="template-file" value="x"/></email></profile>'
        '<profile name="sales"><param name="odbc-dsn" value="'
        f'pgsql://hostaddr=10.0.0.2 dbname=mail user=vm password={SECRET}"/></profile>'
        "</profiles></configuration>"
    ),
    f"{FS}/event_socket.conf.xml": (
        '<configuration name="event_socket.conf"><settings>'
        f'<param name="password" value="{SECRET}"/></settings></configuration>'
    ),
    "/etc/odbc.ini": ODBC,
    "/var/lib/freeswitch/db/voicemail_default.db": "x",
    "/var/log/freeswitch/cdr-csv/Master.csv": NUMBER,
    f"/srv/json/{NUMBER}.cdr.json": "{}",
    f"/var/lib/freeswitch/recordings/{NUMBER}.wav": SOUND,
}

FREESWITCH_PLACES = {
    "cdr-csv /var/log/freeswitch/cdr-csv/*.csv*",
    "cdr-pg-csv postgresql:db.example/calls cdr",
    "cdr-pg-csv-spool /var/log/freeswitch/cdr-pg-csv/cdr-spool*",
    "odbc-cdr postgresql:reports.example/calls cdr_a",
    "odbc-cdr postgresql:reports.example/calls cdr_b",
    "json-cdr /srv/json/*.cdr.json",
    "json-cdr-url leaves",
    "format-cdr /var/log/freeswitch/format_cdr/*",
    "format-cdr /srv/two/*",
    "voicemail sqlite:/var/lib/freeswitch/db/voicemail_default.db voicemail_msgs",
    "voicemail postgresql:10.0.0.2/mail voicemail_msgs",
}

KAMAILIO = """\
#!KAMAILIO
#!define WITH_MYSQL
##!define WITH_NOTHING
#!ifdef WITH_MYSQL
#!ifndef DBURL
#!define DBURL "mysql://kamailio:%s@localhost/kamailio"
#!endif
#!endif
/* modparam("acc", "db_url", "mysql://a:b@no/no") */
loadmodule "acc.so"
loadmodule "/usr/lib/kamailio/modules/siptrace.so"
import_file "local.cfg"
modparam("acc", "db_flag", 1) # comment
modparam("acc|auth", "db_url", DBURL)
modparam("acc", "db_extra",
    "src_user=$fU;src_ip=$si")
#!ifdef WITH_NOTHING
modparam("acc", "db_table_acc", "never")
#!else
modparam("acc", "db_table_missed_calls", "missed")
#!endif
modparam("msilo", "db_url", DBURL)
request_route { xlog("x = // no comment"); }
"""

HOSTS: dict[str, Host] = {
    "asterisk": Host(
        ASTERISK,
        ASTERISK_PLACES,
        off={"cdr-mysql mysql:localhost/old cdr"},
        urls=(
            "mysql://pbxretain@localhost/asteriskcdrdb?unix_socket=/var/lib/mysql/mysql.sock",
            "postgresql://pbxretain@reports.example:5433/calls",
            "postgresql://pbxretain@db.example/calls",
            "sqlite:///{root}/var/log/asterisk/master.db",
        ),
    ),
    "freepbx": Host(
        FREEPBX,
        FREEPBX_PLACES,
        urls=("mysql://pbxretain@localhost/asteriskcdrdb",),
    ),
    "3cx": Host(
        {
            **BERLIN,
            "/var/lib/3cxpbx/Bin/3CXPhoneSystem.ini": (
                "# 3CX\n[General]\nAppPath = /var/lib/3cxpbx\nPBXPass = " + SECRET + "\n"
                "[QMDatabase]\nDBHost = 127.0.0.1\nDBPort = 5432\nDBName = database_single\n"
                "[CfgServerProfile]\nDBHost = 127.0.0.1\nMasterDBUser = phonesystem\n"
                f"MasterDBPassword = {SECRET}\n[DbAdminREADONLY]\nUser = logsreader_user\n"
                f"Password = {SECRET}\n; [ConfService]\n[ConfService]\nconfUser = cfg\n"
                f"confPass = {SECRET}\n"
            ),
            "/var/lib/3cxpbx/Bin/config.json": (
                '{"DbHost": "127.0.0.1", "DbPort": "5432", "DbUser": "phonesystem", '
                f'"DbPassword": "{SECRET}", "DbName": "database_single"}}'
            ),
            f"/var/lib/3cxpbx/Instance1/Data/Recordings/100/[{NUMBER}].wav": SOUND,
            f"/var/lib/3cxpbx/Instance1/Data/Ivr/Voicemail/Extensions/100/vmail_{NUMBER}.wav": "x",
            "/var/lib/3cxpbx/Instance1/Data/Logs/3CX.trace": NUMBER,
        },
        {
            "database postgresql:localhost/database_single",
            "trace-logs /var/lib/3cxpbx/Instance1/Data/Logs/*",
        },
        urls=("postgresql://pbxretain@localhost/database_single",),
    ),
    "freeswitch": Host(
        FREESWITCH,
        FREESWITCH_PLACES,
        off={"cdr-sqlite sqlite:/var/lib/freeswitch/db/cdr.db cdr"},
        urls=(
            "postgresql://pbxretain@db.example/calls",
            "postgresql://pbxretain@reports.example:5433/calls",
            "sqlite:///{root}/var/lib/freeswitch/db/voicemail_default.db",
            "postgresql://pbxretain@10.0.0.2/mail",
        ),
    ),
    "fusionpbx": Host(
        {
            **FREESWITCH,
            "/etc/fusionpbx/config.conf": (
                "#database system settings\ndatabase.0.type = pgsql\ndatabase.0.host = 127.0.0.1\n"
                "database.0.port = 5432\ndatabase.0.sslmode = prefer\ndatabase.0.name = fusionpbx\n"
                f"database.0.username = fusionpbx\ndatabase.0.password = {SECRET}\n"
                "database.1.type = sqlite\ndatabase.1.path = /var/lib/freeswitch/db\n"
                "database.1.name = core.db\nswitch.recordings.dir = /srv/rec\n"
                "switch.storage.dir = /var/lib/freeswitch/storage\n"
            ),
            f"{FS}/modules.conf.xml": (
                '<configuration name="modules.conf"><modules><load module="mod_voicemail"/>'
                "</modules></configuration>"
            ),
            f"{FS}/voicemail.conf.xml": "<configuration/>",
            f"/srv/rec/pbx.example/archive/2026/Nov/23/{NUMBER}.mp3": SOUND,
            "/var/log/freeswitch/xml_cdr/failed/sql/x.cdr.xml": "x",
            "/var/backups/fusionpbx/postgresql/x.sql": "x",
        },
        {
            "database postgresql:localhost/fusionpbx",
            "not-importable /var/log/freeswitch/xml_cdr/failed/*",
            "backups /var/backups/fusionpbx/*",
        },
        off={
            "cdr-csv /var/log/freeswitch/cdr-csv/*.csv*",
            "cdr-pg-csv postgresql:db.example/calls cdr",
            "cdr-pg-csv-spool /var/log/freeswitch/cdr-pg-csv/cdr-spool*",
            "cdr-sqlite sqlite:/var/lib/freeswitch/db/cdr.db cdr",
            "odbc-cdr postgresql:reports.example/calls cdr_a",
            "odbc-cdr postgresql:reports.example/calls cdr_b",
            "json-cdr /srv/json/*.cdr.json",
            "format-cdr /var/log/freeswitch/format_cdr/*",
            "format-cdr /srv/two/*",
        },
        urls=("postgresql://pbxretain@localhost/fusionpbx",),
    ),
    "wazo": Host(
        {
            **BERLIN,
            "/etc/asterisk/asterisk.conf": "[directories]\nastspooldir = /var/spool/asterisk\n",
            "/etc/wazo-call-logd/config.yml": "# see conf.d\n#db_uri: postgresql://x:y@no/no\n",
            "/etc/wazo-call-logd/conf.d/50-db.yml": (
                f"db_uri: postgresql://asterisk:{SECRET}@localhost/asterisk?application_name=x\n"
                f"cel_db_uri: postgresql://asterisk:{SECRET}@cel.example/asterisk\n"
            ),
            "/etc/wazo-call-logd/conf.d/60-other.yml": "db_uri: postgresql://x:y@later/later\n",
            "/etc/wazo-purge-db/conf.d/10.yml": "days_to_keep: 90\n",
            "/etc/wazo-purge-db/config.yml": "days_to_keep: 365\n",
            "/var/lib/wazo/sounds/tenants/t/monitor/r.wav": SOUND,
            "/var/lib/wazo-call-logd/exports/x.zip": "x",
        },
        {
            "database postgresql:localhost/asterisk",
            "events postgresql:cel.example/asterisk cel",
            "exports /var/lib/wazo-call-logd/exports/*.zip",
        },
        urls=("postgresql://pbxretain@localhost/asterisk",),
    ),
    "mikopbx": Host(
        {
            **BERLIN,
            "/etc/inc/mikopbx-settings.json": '{"cdrDatabase": {"adapter": "Sqlite"}}',
            "/etc/asterisk/asterisk.conf": "[directories]\n",
            "/storage/usbdisk1/mikopbx/astlogs/asterisk/cdr.db": "x",
            f"/storage/usbdisk1/mikopbx/astspool/monitor/2026/11/23/10/{NUMBER}.webm": SOUND,
            "/storage/usbdisk1/mikopbx/log/system/recording_deletions.log": NUMBER,
        },
        {
            "database sqlite:/storage/usbdisk1/mikopbx/astlogs/asterisk/cdr.db",
            "deletion-log /storage/usbdisk1/mikopbx/log/system/recording_deletions.log*",
        },
        urls=("sqlite:///{root}/storage/usbdisk1/mikopbx/astlogs/asterisk/cdr.db",),
    ),
    "kamailio": Host(
        {
            **BERLIN,
            "/etc/kamailio/kamailio.cfg": KAMAILIO % SECRET,
            "/etc/kamailio/local.cfg": (
                f'modparam("siptrace", "db_url", "postgres://t:{SECRET}@trace.example/homer")\n'
            ),
            "/etc/kamailio/kamctlrc": f"# DBENGINE=MYSQL\nDBRWUSER=kamailio\nDBRWPW='{SECRET}'\n",
        },
        {
            "acc mysql:localhost/kamailio acc",
            "missed-calls mysql:localhost/kamailio missed",
            "sip-trace postgresql:trace.example/homer sip_trace",
        },
        off={"offline-messages mysql:localhost/kamailio silo"},
        urls=(
            "mysql://pbxretain@localhost/kamailio",
            "postgresql://pbxretain@trace.example/homer",
        ),
    ),
    "opensips": Host(
        {
            **BERLIN,
            "/etc/opensips/opensips.cfg": (
                'loadmodule "acc.so"\n'
                f'modparam("acc", "db_url", "mysql://opensips:{SECRET}@localhost:3307/opensips")\n'
                'modparam("acc", "extra_fields", "db: SOURCE_IP->source_ip")\n'
            ),
        },
        {
            "acc mysql:localhost/opensips acc",
            "missed-calls mysql:localhost/opensips missed_calls",
        },
        urls=("mysql://pbxretain@localhost:3307/opensips",),
    ),
    "issabel": Host(
        {
            **BERLIN,
            "/etc/issabel.conf": f"mysqlrootpwd={SECRET}\namiadminpwd={SECRET}\n",
            "/etc/amportal.conf": (
                f"AMPDBHOST=localhost\nAMPDBENGINE=mysql\nAMPDBUSER=asteriskuser\n"
                f"AMPDBPASS={SECRET}\nAMPMGRUSER=admin\nAMPMGRPASS={SECRET}\n"
            ),
            "/etc/issabelpbx.conf": (
                f"<?php $amp_conf['AMPDBUSER']='asteriskuser'; $amp_conf['AMPDBPASS']='{SECRET}';"
            ),
            "/etc/asterisk/asterisk.conf": "[directories]\n",
            "/etc/asterisk/cel.conf": "[general]\nenable=yes\n",
            "/etc/asterisk/cel_odbc.conf": "[cel]\nconnection=asteriskcdrdb\ntable=cel\n",
            "/etc/asterisk/res_odbc.conf": (
                f"[asteriskcdrdb]\ndsn=MySQL-asteriskcdrdb\nusername=a\npassword={SECRET}\n"
            ),
            "/etc/odbc.ini": ODBC,
            "/var/lib/mysql/call_center/db.opt": "x",
        },
        {
            f"calls {CDRDB} cdr",
            f"cel-odbc {CDRDB} cel",
            "call-center mysql:localhost/call_center",
        },
        urls=("mysql://pbxretain@localhost/asteriskcdrdb",),
    ),
    "vitalpbx": Host(
        {
            **BERLIN,
            "/usr/share/vitalpbx/www/x.php": "<?php",
            "/etc/asterisk/asterisk.conf": "[directories]\n",
            "/etc/asterisk/res_odbc.conf": "#include vitalpbx/res_odbc__*.conf\n",
            "/etc/asterisk/vitalpbx/res_odbc__10-main.conf": (
                f"[asterisk]\ndsn=cdr\nusername=root\npassword={SECRET}\n"
            ),
            "/etc/asterisk/cdr_adaptive_odbc.conf": "[asterisk]\nconnection=asterisk\ntable=cdr\n",
            "/etc/odbc.ini": "[cdr]\nDriver=MySQL\nServer=127.0.0.1\nDatabase=asterisk\n",
            "/var/lib/mysql/asterisk/db.opt": "x",
            "/var/lib/mysql/sonata_stats/db.opt": "x",
        },
        {"calls mysql:localhost/asterisk cdr", "call-center mysql:localhost/sonata_stats"},
        urls=("mysql://pbxretain@localhost/asterisk",),
    ),
    "nethvoice": Host(
        {"/var/www/html/freepbx/admin/modules/nethcti3/module.xml": "<module/>"},
        FREEPBX_PLACES,
        urls=("mysql://pbxretain@localhost/asteriskcdrdb",),
        inside="freepbx",
    ),
    "pascom": Host(
        {
            **BERLIN,
            "/etc/pascom/sipproxy.json": "{}",
            "/etc/asterisk/asterisk.conf": "[directories]\n",
            f"/var/spool/asterisk/monitor/{NUMBER}.wav": SOUND,
            "/var/spool/hylafax/recvq/fax1.tif": "x",
        },
        {"fax-received /var/spool/hylafax/recvq/*"},
    ),
    "locaphone": Host(
        {
            **BERLIN,
            "/opt/gemeinschaft/etc/.gemeinschaft-version": "3",
            "/etc/gemeinschaft/gemeinschaft.php": (
                "<?php\ndefined('GS_VALID') or die('No direct access.');\n"
                "$DB_MASTER_HOST         = '127.0.0.1';\n$DB_MASTER_USER = 'gemeinschaft';\n"
                f"$DB_MASTER_PWD = '{SECRET}';\n$DB_MASTER_DB = 'asterisk';\n"
                "//$DB_CDR_MASTER_HOST = '192.168.1.130';\n"
                "$PROV_DIAL_LOG_LIFE = 14*24*3600;  # 14 days\n"
            ),
            "/etc/asterisk/asterisk.conf": "[directories]\n",
            "/var/log/asterisk/queue_log": "x",
            "/var/log/asterisk/queue_log.1763": "x",
        },
        {
            "calls mysql:localhost/asterisk ast_cdr",
            "main-database mysql:localhost/asterisk",
            "queue-log /var/log/asterisk/queue_log",
            "rotated-queue-logs /var/log/asterisk/queue_log.*",
        },
        urls=("mysql://pbxretain@localhost/asterisk",),
    ),
    "bitrix24": Host(
        {
            **BERLIN,
            "/home/bitrix/www/bitrix/modules/voximplant/install/index.php": "<?php",
            "/home/bitrix/www/bitrix/.settings.php": (
                "<?php\nreturn array (\n 'crypto' => array('value' => array('crypto_key' => "
                f"'{SECRET}')),\n 'session' => ['value' => ['host' => 'no.example']],\n"
                " 'composer' => ['value' => realpath(__DIR__ . '/x')],\n"
                " 'connections' => array('value' => array('default' => array(\n"
                "  'className' => '\\\\Bitrix\\\\Main\\\\DB\\\\MysqliConnection',\n"
                "  'host' => 'localhost:3310', 'database' => 'sitemanager',\n"
                f"  'login' => 'bitrix0', 'password' => '{SECRET}', 'options' => 2.0,\n"
                " )), 'readonly' => true),\n);\n"
            ),
            "/home/bitrix/www/bitrix/php_interface/dbconn.php": (
                '<?\ndefine("SHORT_INSTALL", true);\n$DBType = "mysql";\n'
                '$DBHost = "localhost:3310";\n'
                f'$DBLogin = "bitrix0";\n$DBPassword = "{SECRET}";\n$DBName = "sitemanager";\n'
            ),
            f"/home/bitrix/www/upload/voximplant/{NUMBER}.mp3": SOUND,
        },
        {"database mysql:localhost/sitemanager"},
        urls=("mysql://pbxretain@localhost:3310/sitemanager",),
    ),
}
