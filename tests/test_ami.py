"""What does the running Asterisk say? Against a server that speaks the real protocol."""

from __future__ import annotations

import socket
import time

import pytest
from support.ami_server import ami_server

from pbxretain.errors import UnavailableError
from pbxretain.stores.ami import Ami, AmiSettings


def test_the_secret_is_never_shown() -> None:
    settings = AmiSettings(host="pbx", user="u", secret="canary")
    assert "canary" not in f"{settings!r} {settings}"


def test_login_and_version() -> None:
    with ami_server(version="20.5.0") as server, Ami(server.settings) as ami:
        assert ami.version() == "20.5.0"
        assert server.asked[0]["Events"] == "off"


def test_a_wrong_secret_says_what_to_check_and_nothing_from_the_wire() -> None:
    with ami_server() as server:
        wrong = AmiSettings(host="127.0.0.1", port=server.port, user="canary-u", secret="canary-s")
        with pytest.raises(UnavailableError) as caught:
            Ami(wrong)
    assert "refuses Login" in str(caught.value)
    assert "canary" not in str(caught.value)
    assert "Authentication" not in str(caught.value)


def test_nothing_listening_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as one:
        port = one.getsockname()[1]
    with pytest.raises(UnavailableError, match="can't be reached"):
        Ami(AmiSettings(host="127.0.0.1", port=port, user="u", secret="s"))


def test_another_protocol_is_told_apart() -> None:
    with socket.create_server(("127.0.0.1", 0)) as one:
        client = socket.create_connection(one.getsockname())
        server, _ = one.accept()
        client.close()
        server.close()
        import threading

        def greet() -> None:
            connection, _ = one.accept()
            connection.sendall(b"SSH-2.0-OpenSSH\r\n")

        threading.Thread(target=greet, daemon=True).start()
        settings = AmiSettings(host="127.0.0.1", port=one.getsockname()[1], user="u", secret="s")
        with pytest.raises(UnavailableError, match="isn't Asterisk"):
            Ami(settings)


def test_who_listens_is_read_from_the_channel_list() -> None:
    channels = [
        ("VoiceMailMain", "411@default,s"),
        ("VoiceMailMain", "621"),
        ("VoiceMail", "413@default,u"),
        ("Dial", "PJSIP/412"),
    ]
    with ami_server(channels=channels) as server, Ami(server.settings) as ami:
        found = ami.sessions()
    assert not found.unknown
    assert found.inside("default", "411")
    assert found.inside("default", "621")
    assert not found.inside("default", "413")
    assert not found.inside("werkstatt", "411")


@pytest.mark.parametrize("data", ["", "@default", "4@default,p", ",s"])
def test_a_session_whose_mailbox_is_unknown_blocks_them_all(data: str) -> None:
    with ami_server(channels=[("VoiceMailMain", data)]) as server, Ami(server.settings) as ami:
        assert ami.sessions().inside("anything", "999")


def test_minivm_counts_as_a_session() -> None:
    channels = [("MinivmRecord", "7@shop")]
    with ami_server(channels=channels) as server, Ami(server.settings) as ami:
        assert ami.sessions().inside("shop", "7")


def test_a_list_that_breaks_off_is_an_error_and_never_nobody() -> None:
    with (
        ami_server(cut={"CoreShowChannels"}) as server,
        Ami(server.settings, timeout=0.3) as ami,
        pytest.raises(UnavailableError),
    ):
        ami.sessions()


def test_a_missing_right_is_named() -> None:
    with (
        ami_server(denied={"CoreShowChannels"}) as server,
        Ami(server.settings) as ami,
        pytest.raises(UnavailableError, match="system,reporting"),
    ):
        ami.sessions()


def test_a_server_that_keeps_silent_costs_no_more_than_the_deadline() -> None:
    with ami_server(silent={"CoreSettings"}) as server, Ami(server.settings, timeout=0.3) as ami:
        begun = time.monotonic()
        with pytest.raises(UnavailableError, match="doesn't answer"):
            ami.version()
        assert time.monotonic() - begun < 1


def test_lines_can_not_be_smuggled_in() -> None:
    with ami_server() as server, Ami(server.settings) as ami:
        with pytest.raises(UnavailableError):
            ami.refresh("default", "411\r\nAction: Originate")
        ami.refresh("default", "412")
        assert [one["Mailbox"] for one in server.actions("VoicemailRefresh")] == ["412"]
        assert not server.actions("Originate")


@pytest.mark.parametrize("old", [False, True])
def test_commands_work_in_the_old_and_the_new_form(old: bool) -> None:
    with ami_server(old_commands=old) as server, Ami(server.settings) as ami:
        ami.command("logger reload")
        assert ami.version() == "22.10.1"
        assert server.actions("Command")[0]["Command"] == "logger reload"


def test_names_that_are_not_utf8_are_sent_as_they_are() -> None:
    with ami_server() as server, Ami(server.settings) as ami:
        ami.refresh("default", b"b\xfcro".decode("utf-8", "surrogateescape"))
        sent = server.actions("VoicemailRefresh")[0]["Mailbox"]
    assert sent.encode("utf-8", "surrogateescape") == b"b\xfcro"
