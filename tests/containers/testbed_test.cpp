// What the test bed promises to the tests that run in it.
#include "tests/support/catch.h"
#include "tests/support/crash.h"

using playbook::testing::shell;

TEST_CASE("the stand-in PostgreSQL makes user and database at its first start and keeps them over a restart", "[testbed]") {
  CHECK(shell(R"sh(set -e
    image=$("$PLAYBOOK_TESTBED/image" postgres)
    docker run -d --name standin -e POSTGRES_USER=app -e POSTGRES_PASSWORD=secret -e POSTGRES_DB=shop "$image" >/dev/null
    trap 'docker rm -fv standin >/dev/null' EXIT
    ask() { docker exec -e PGPASSWORD="$1" standin psql -h 127.0.0.1 -U app -d shop -Atc "$2" 2>&1; }
    until docker exec standin pg_isready -q -h 127.0.0.1; do sleep 0.05; done
    ask secret 'create table t(x int)' >/dev/null
    docker restart standin >/dev/null
    until docker exec standin pg_isready -q -h 127.0.0.1; do sleep 0.05; done
    [ "$(ask secret 'select count(*) from t')" = 0 ]
    ask wrong 'select 1' | grep -q 'password authentication failed'
    [ "$(docker exec standin id -un)" = root ]
    docker top standin -o user,pid,comm | grep -q '^999 .*postgres'
  )sh") == 0);
}

TEST_CASE("the closed registry serves only who logs in", "[testbed]") {
  CHECK(shell(R"sh(set -e
    "$PLAYBOOK_TESTBED/image" shell >/dev/null
    "$PLAYBOOK_TESTBED/registry" start-closed
    trap '"$PLAYBOOK_TESTBED/registry" stop-closed' EXIT
    docker pull 127.0.0.1:5001/shell:1 2>&1 | grep -q 'no basic auth credentials'
    echo secret | docker login --username tester --password-stdin 127.0.0.1:5001 >/dev/null 2>&1
    docker pull --quiet 127.0.0.1:5001/shell:1 >/dev/null
    docker logout 127.0.0.1:5001 >/dev/null
  )sh") == 0);
}
