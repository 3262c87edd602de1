#!/bin/sh
# over_way.sh TEST_CLI WAY: the program's end-to-end tests with the database reached by WAY (session, transaction or data-api)
# instead of a direct connection. A share of them, or all that speak to a database with ROWPAGE_FULL=1.
set -eu
share='Commands.sync*:Commands.a_conflict*:Commands.a_record*:Commands.killed*:Commands.setup_reset*:Commands.an_interrupt*'
share=$share':Kill.creates*:LinksEndToEnd.a_first*:LinksEndToEnd.a_link_made*:LinksEndToEnd.many*:LinksSetup.reset*'
share=$share':LinksKill.at_random*:Verify.*:Hostile.long*:SupabaseFeatures.*'
all='-Demo*:Docs*:Diagram*:Arguments*:BadInput*:DataApi*'
# A report of its own beside that of the direct way.
case ${GTEST_OUTPUT:-} in xml:*/) export GTEST_OUTPUT="${GTEST_OUTPUT}test_cli_over_$2.xml" ;; esac
ROWPAGE_WAY=$2 exec "$1" --gtest_filter="$(if [ -n "${ROWPAGE_FULL:-}" ]; then echo "$all"; else echo "$share"; fi)"
