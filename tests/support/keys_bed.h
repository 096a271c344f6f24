// What tests of keys share: vectors, and a database with tables in which applications keep secrets.
#pragma once

#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>

#include "runtime/base/file.h"
#include "runtime/process/children.h"
#include "tests/support/postgres_cluster.h"
#include "tests/support/primitive_fixture.h"

namespace playbook::testing {

inline Json key_vectors(const std::string& application) {
  std::string file = PLAYBOOK_SOURCE_DIR "/tests/runtime/keys/" + application + ".json";
  return parse_json(read_file(file), file);
}

inline std::string stored_value(const Json& list, const std::string& id, const char* member) {
  for (const Json& item : list)
    if (item.at("id") == id) return item.at(member);
  throw std::runtime_error("no vector " + id);
}

inline const std::string kKey = "lH6w+43MZjujK+86V8J/8dLuTN/lS0p9Ovmw7HWUSXM=";    // k1 of the vectors
inline const std::string kOther = "MptMLtAcaVFb1RqBFi3rUUg9xsaNV+OPWM2WKsqKqzw=";  // of nothing

class KeysBed : public PrimitiveFixture {
 public:
  KeysBed() : children(make_children({PLAYBOOK_BINARY_DIR "/playbook-guardian", -1})) {
    environment.children = children.get();
    cluster.make_database("shop");
    setenv("PLAYBOOK_TEST_URL", cluster.url("shop").c_str(), 1);
    sql("create table integration_connections (id text primary key, credentials_encrypted text not null);"
        "create table org_proxies (org text, name text, url_encrypted text, primary key (org, name));"
        "create table loose (pass_encrypted text); create table jwks (id text primary key, private_key text)");
  }

  PostgresCluster& cluster = postgres_cluster();
  std::unique_ptr<Children> children;
  const Json server{{"url", secret_from_env("PLAYBOOK_TEST_URL")}};
  const Json strate = key_vectors("appstrate");

  void sql(const std::string& text) { cluster.run("shop", "set role shop; " + text); }
  std::string connection(const std::string& id) const { return stored_value(strate.at("connection"), id, "value"); }
  void store(const std::string& row, const std::string& value) {
    sql("insert into integration_connections values ('" + row + "', " + sql_literal(value) + ")");
  }
  void env(const std::string& text) const { replace_file(instance / ".env", text); }

  Json dotenv(const std::string& name) const { return secret_from_dotenv((instance / ".env").string(), name); }
  Json keyring() const {
    return {{"scheme", "appstrate"},
            {"keys", {{"key", dotenv("KEY")}, {"id", dotenv("KEY_ID")}, {"retired", dotenv("KEYS")}}},
            {"stored", {{"type", "postgres"}, {"server", server}, {"columns", {"*.*_encrypted"}}}}};
  }
  Json auth() const {
    return {{"scheme", "better-auth"},
            {"keys", {{"secret", dotenv("SECRET")}}},
            {"stored", {{"type", "postgres"}, {"server", server}, {"columns", {"jwks.private_key"}}}}};
  }
  Json verify(const Json& keyrings) { return call("keys.verify", {{"keyrings", keyrings}}); }
  std::string text() { return verify(Json::array({keyring()})).at("text"); }
};

}  // namespace playbook::testing
