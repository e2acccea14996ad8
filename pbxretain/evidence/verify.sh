#!/bin/sh
# Prüft die Signatur eines Löschprotokolls von pbxretain nur mit sh, sed und OpenSSL (ab 3.0).
# Checks the signature of a pbxretain report with nothing but sh, sed and OpenSSL (3.0 or later).
#
#   sh verify.sh REPORT.dsse.json KEY.pem
#
# KEY.pem muss aus sicherer Quelle kommen, nie aus dem Ordner des Löschprotokolls.
# KEY.pem must come from a source you trust, never from the folder of the report.
# 0 = OK, 1 = FAILED, 2 = Aufruf / usage
LC_ALL=C
export LC_ALL
umask 077

usage() {
    printf '%s\n' "$1" "Aufruf / usage: sh verify.sh REPORT.dsse.json KEY.pem" >&2
    exit 2
}
failed() {
    printf '%s\n' \
        "FALSCH: $1" \
        "FAILED: $2"
    exit 1
}

[ $# -eq 2 ] || usage "Zwei Angaben fehlen. / Two arguments are needed."
[ -f "$1" ] && [ -r "$1" ] || usage "Das Löschprotokoll ist nicht lesbar. / The report can't be read."
[ -f "$2" ] && [ -r "$2" ] || usage "Der Schlüssel ist nicht lesbar. / The key can't be read."
case $(openssl version 2>/dev/null) in
    "OpenSSL "[3-9].* | "OpenSSL "[1-9][0-9].*) ;;
    *) usage "OpenSSL 3.0 oder neuer fehlt. / OpenSSL 3.0 or later is needed." ;;
esac

# Nur das öffentliche Ed25519-Format wird angenommen. / Only public Ed25519 keys are accepted.
kind=$(openssl pkey -pubin -noout -text < "$2" 2>/dev/null | sed -n 1p)
[ "$kind" = "ED25519 Public-Key:" ] ||
    usage "KEY.pem ist kein öffentlicher Ed25519-Schlüssel. / KEY.pem is no public Ed25519 key."

work=${TMPDIR:-/tmp}/pbxretain-verify.$$
mkdir "$work" || usage "Kein Platz für Hilfsdateien. / No room for temporary files."
trap 'rm -rf "$work"' 0
trap 'exit 2' 1 2 13 15

# Nur diese Felder in dieser Reihenfolge: was hier gelesen wird, liest auch jedes JSON-Programm so.
# Only these fields in this order: what is read here, any JSON program reads the same way.
form_failed() {
    failed "Die Datei hat nicht die Form eines Löschprotokolls." \
        "The file does not have the form of a pbxretain report."
}
type=application/vnd.in-toto+json
b64='[A-Za-z0-9+/_-]*=\{0,2\}'
one="{\"keyid\":\"[A-Za-z0-9._-]*\",\"sig\":\"$b64\"}"
form="^{\"payload\":\"\\($b64\\)\",\"payloadType\":\"application/vnd[.]in-toto[+]json\""
form="$form,\"signatures\":\\[\\($one\\(,$one\\)*\\)]}\$"
[ $(($(wc -c < "$1"))) -le 8388608 ] || form_failed
# Leerraum zwischen den Zeichen von JSON bedeutet nichts. / Space around JSON's signs means nothing.
{
    tr '\n\r\t' '   ' < "$1"
    echo
} | sed 's/ *\([][{},:]\) */\1/g' > "$work/flat"
sed -n "s|$form|\\2|p" < "$work/flat" | sed 's/},{/} {/g' | tr ' ' '\n' > "$work/sigs"
count=$(($(wc -l < "$work/sigs")))
[ "$count" -ge 1 ] && [ "$count" -le 16 ] || form_failed
twice=$(sed 's/^{"keyid":"\([^"]*\)".*/=\1/' < "$work/sigs" | sort | uniq -d)
[ -z "$twice" ] || form_failed

# Eine der beiden Schreibweisen von base64, nicht gemischt. / One of base64's two alphabets.
decode() {
    case $1 in *[-_]*) case $1 in *[+/]*) return 1 ;; esac ;; esac
    printf '%s' "$1" | tr -- '-_' '+/' > "$work/text"
    openssl base64 -d -A < "$work/text" > "$2" 2>/dev/null
    [ "$(openssl base64 -A < "$2")" = "$(cat "$work/text")" ]
}
decode "$(sed -n "s|$form|\\1|p" < "$work/flat")" "$work/payload" || form_failed

# DSSE: signiert sind Typ und Inhalt mit ihren Längen. / Signed: type and content, lengths.
length=$(($(wc -c < "$work/payload")))
{
    printf 'DSSEv1 %d %s %d ' ${#type} "$type" "$length"
    cat "$work/payload"
} > "$work/signed"

genuine=
while read -r line; do
    sig=${line##*\"sig\":\"}
    decode "${sig%\"\}}" "$work/sig" || form_failed
    openssl pkeyutl -verify -pubin -inkey "$2" -rawin -in "$work/signed" -sigfile "$work/sig" \
        > /dev/null 2>&1 && genuine=yes
done < "$work/sigs"
[ "$genuine" ] ||
    failed "Die Signatur gehört nicht zu diesem Inhalt und diesem Schlüssel." \
        "The signature does not belong to this content and this key."

digest=$(openssl dgst -sha256 -r < "$work/signed" | sed 's/ .*//')
key=$(openssl pkey -pubin -outform DER < "$2" | openssl dgst -sha256 -r |
    sed 's/^\(....\)\(....\)\(....\)\(....\)\(....\)\(....\)\(....\)\(....\).*/\1 \2 \3 \4 \5 \6 \7 \8/')
printf '%s\n' \
    "OK: Die Signatur ist echt. Lücken und Reihenfolge prüft 'pbxretain verify'." \
    "OK: The signature is genuine. Gaps and order are checked by 'pbxretain verify'." \
    "Prüfsumme / statement digest: $digest" \
    "Schlüssel / key: $key"
