#!/usr/bin/env bash
# Writes the databases of the office with an earlier version of the plugin, the files beside this script: write.sh COMMIT [DSN]
# Needs the repository's history, and a PostgreSQL server with pg_dump.
set -euo pipefail
commit=$1 server=${2:-postgres://postgres@127.0.0.1:5432/postgres?sslmode=disable}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
place=internal/conformance/upgrade
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir "$work/old"
git -C "$(git -C "$here" rev-parse --show-toplevel)" archive --format=tar "$commit" | tar -x -C "$work/old"
mkdir -p "$work/old/$place/testdata"
cp -r "$here/../office" "$work/old/$place/"
cp -r "$here/writer" "$work/old/$place/testdata/"
(cd "$work/old" && GOWORK=off go build -o "$work/writer" "./$place/testdata/writer")

schema=softdelete_upgrade
rm -rf "$here/sqlite" "$here/postgres"
mkdir -p "$here/sqlite" "$here/postgres"
TZ=UTC "$work/writer" sqlite "file:$work/office.db?_foreign_keys=on&_synchronous=OFF" "$here/sqlite" -
psql -q "$server" -c "SET client_min_messages = warning" -c "DROP SCHEMA IF EXISTS $schema CASCADE" -c "CREATE SCHEMA $schema"
TZ=UTC "$work/writer" postgres "$server" "$here/postgres" "$schema"
psql -q "$server" -c "SET client_min_messages = warning" -c "DROP SCHEMA $schema CASCADE"
gzip -9n "$here"/sqlite/*.db "$here"/postgres/*.sql "$here"/*/reading.json
