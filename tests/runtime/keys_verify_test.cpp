// keys.verify against rows of a real PostgreSQL: what the keys open, live and in a backup set, and how that is told.
#include <sys/stat.h>

#include "runtime/base/file.h"
#include "runtime/base/secret_sources.h"
#include "runtime/keys/cipher.h"
#include "runtime/keys/fingerprint.h"
#include "runtime/keys/stored_values.h"
#include "tests/support/catch.h"
#include "tests/support/compose_fixture.h"
#include "tests/support/keys_bed.h"

using namespace playbook;
using namespace playbook::testing;

TEST_CASE("keys.verify tells how many stored secrets open, by place and by key") {
  KeysBed bed;
  bed.env("KEY=" + kKey + "\nSECRET=playbook-test-auth-secret-0001\n");
  bed.store("i1", bed.connection("conn-basic"));
  bed.store("i2", "");
  bed.sql("insert into org_proxies values ('o', 'a', " + sql_literal(bed.connection("conn-raw-url")) + "), ('o', 'b', null)");
  bed.sql("insert into loose values (" + sql_literal(bed.connection("conn-empty-plaintext")) + ")");
  bed.sql("insert into jwks values ('j', " + sql_literal(stored_value(bed.strate.at("better_auth"), "ba-basic", "column")) + ")");
  Json result = bed.verify(Json::array({bed.keyring(), bed.auth()}));
  CHECK(result.at("verdict") == "match");
  CHECK(result.at("text") == "appstrate: 3 of 3 stored values open\nbetter-auth: 1 of 1 stored value opens");
  const Json& strate = result.at("schemes").at(0);
  CHECK(strate.at("keys") == Json{{"k1", 3}});
  CHECK(strate.at("places").size() == 3);
  CHECK(strate.at("places").at(0) == Json{{"place", "integration_connections.credentials_encrypted"},
                                          {"values", 2},
                                          {"tried", 1},
                                          {"opened", 1},
                                          {"failed", 0},
                                          {"unknown_key", 0},
                                          {"malformed", 0},
                                          {"plain", 0},
                                          {"empty", 1}});
  CHECK_FALSE(strate.contains("false_accept"));
}

TEST_CASE("the verdict of keys.verify is well only when every value that was tried opens") {
  struct Case {
    const char* what;
    std::string env;
    std::vector<std::pair<std::string, std::string>> rows;  // id, vector
    const char* verdict;
    const char* text;
  };
  const std::string k2 = "TVBvRgsUxeJizkKWXSWQai0XKMfk0ZUKk/xeJcMWApA=";
  const std::vector<Case> cases{
      {"a wrong key",
       "KEY=" + kOther,
       {{"i1", "conn-basic"}, {"i2", "conn-raw-url"}},
       "mismatch",
       "appstrate: none of 2 stored values opens, first of those that do not is integration_connections.credentials_encrypted of row i1"},
      {"half of the rows under an old key that is gone",
       "KEY=" + k2 + "\nKEY_ID=k2",
       {{"i1", "conn-after-rotation-new-value"}, {"i2", "conn-basic"}},
       "partial",
       "appstrate: 1 of 2 stored values open (1 under k2), 1 asks for key k1, which is not given: "
       "integration_connections.credentials_encrypted of row i2"},
      {"the same with the old key at hand",
       "KEY=" + k2 + "\nKEY_ID=k2\nKEYS='{\"k1\": \"" + kKey + "\"}'",
       {{"i1", "conn-after-rotation-new-value"}, {"i2", "conn-basic"}},
       "match",
       "appstrate: 2 of 2 stored values open (1 under k1, 1 under k2)"},
      {"only an unknown key",
       "KEY=" + k2 + "\nKEY_ID=k2",
       {{"i1", "conn-basic"}},
       "mismatch",
       "appstrate: none of 1 stored value opens, 1 asks for key k1, which is not given: "
       "integration_connections.credentials_encrypted of row i1"},
      {"a damaged row",
       "KEY=" + kKey,
       {{"i1", "conn-basic"}, {"i2", "conn-damaged-tag"}},
       "partial",
       "appstrate: 1 of 2 stored values open (1 under k1), first of those that do not is "
       "integration_connections.credentials_encrypted of row i2"},
      {"no rows", "KEY=" + kKey, {}, "unknown", "appstrate: nothing to try among 0 stored values"},
      {"empty values alone", "KEY=" + kKey, {{"i1", "conn-empty-string"}}, "unknown", "appstrate: nothing to try among 1 stored value"},
      {"what was never encrypted",
       "KEY=" + kKey,
       {{"i1", "conn-plain-text"}},
       "unknown",
       "appstrate: nothing to try among 1 stored value, 1 value is none of this scheme"},
      {"no key", "OTHER=x", {{"i1", "conn-basic"}}, "unknown", "appstrate: ENV has no KEY"},
      {"a key of the wrong size", "KEY=abcd", {{"i1", "conn-basic"}}, "unknown", "appstrate: the key must be 32 bytes in base64"},
      {"the vendor's own key",
       "KEY=jChGxOEG1YjCtrkrTYhO7FFdIKaHpe/j1PBY/LqID6s=",
       {{"i1", "conn-basic"}},
       "mismatch",
       "appstrate: none of 1 stored value opens, first of those that do not is integration_connections.credentials_encrypted of row i1; "
       "the "
       "key is the public one of the vendor's own example"},
  };
  KeysBed bed;
  for (const Case& one : cases) {
    INFO(one.what);
    bed.sql("delete from integration_connections");
    bed.env(one.env + "\n");
    for (const auto& [row, vector] : one.rows) bed.store(row, bed.connection(vector));
    Json result = bed.verify(Json::array({bed.keyring()}));
    std::string text = one.text;
    if (size_t at = text.find("ENV"); at != std::string::npos) text.replace(at, 3, (bed.instance / ".env").string());
    CHECK(result.at("verdict") == one.verdict);
    CHECK(result.at("text") == text);
  }
}

TEST_CASE("one scheme with nothing to try keeps keys.verify from saying match") {
  KeysBed bed;
  bed.env("KEY=" + kKey + "\nSECRET=playbook-test-auth-secret-0001\n");
  bed.store("i1", bed.connection("conn-basic"));
  CHECK(bed.verify(Json::array({bed.keyring(), bed.auth()})).at("verdict") == "unknown");
  CHECK(bed.verify(Json::array()).at("verdict") == "unknown");
  Json elsewhere = bed.auth();
  elsewhere["stored"]["columns"] = {"jwks.secret_key"};
  CHECK(bed.verify(Json::array({elsewhere})).at("text") == "better-auth: nothing to try, no such column is there");
}

TEST_CASE("keys.verify finds what people do to keys") {
  KeysBed bed;
  const Json smith = key_vectors("appsmith");
  const std::string good = stored_value(smith.at("vectors"), "v2-basic", "ciphertext");
  bed.sql("create table datasource (id int primary key, password text); insert into datasource values (7, '" + good + "')");
  struct Case {
    std::string password, salt;
    const char* said;
  };
  const std::string none = "appsmith-v2: none of 1 stored value opens, first of those that do not is datasource.password of row 7";
  for (const Case& one :
       {Case{"Xk3PqLm92aBcD ", "Zt7RwYh41eFgH", "; they open with the password without the white space around it"},
        Case{"\"Xk3PqLm92aBcD\"", "Zt7RwYh41eFgH", "; they open with the password without its quotes"},
        Case{"Xk3PqLm92aBcD", "5a743752775968343165466748", "; they open with the salt as the bytes that it is the hex of"},
        Case{"WGszUHFMbTkyYUJjRA==", "Zt7RwYh41eFgH", "; they open with the password as the bytes that it is the base64 of"},
        Case{"Xk3PqLm92aBcD\r\n", "Zt7RwYh41eFgH", "; they open with the password without the white space around it"},
        Case{"Xk3PqLm92aBcD==", "Zt7RwYh41eFgH", "; they open with the password without its base64 padding"},
        Case{"Zt7RwYh41eFgH", "Xk3PqLm92aBcD", "; they open with password and salt exchanged"},
        Case{"something else", "Zt7RwYh41eFgH", ""}}) {
    INFO(one.said);
    replace_file(bed.instance / "settings.json", Json{{"password", one.password}, {"salt", one.salt}}.dump());
    std::string file = (bed.instance / "settings.json").string();
    Json keyring{{"scheme", "appsmith-v2"},
                 {"keys", {{"password", secret_from_json(file, "password")}, {"salt", secret_from_json(file, "salt")}}},
                 {"stored", {{"type", "postgres"}, {"server", bed.server}, {"columns", {"datasource.password"}}}}};
    CHECK(bed.verify(Json::array({keyring})).at("text") == none + one.said);
  }
}

TEST_CASE("keys.verify finds what people do to a key also where its shape alone is wrong, and among values that open") {
  KeysBed bed;
  const Json first = key_vectors("activepieces").at("vectors").at(0);
  const std::string key = first.at("key"), value = Json{{"iv", first.at("iv")}, {"data", first.at("data")}}.dump();
  bed.sql("create table app_connection (id int primary key, value jsonb not null); insert into app_connection values (1, '" + value + "')");
  Json keyring{{"scheme", "activepieces"},
               {"keys", {{"key", secret_from_json((bed.instance / "settings.json").string(), "KEY")}}},
               {"stored", {{"type", "postgres"}, {"server", bed.server}, {"columns", {"app_connection.value"}}}}};
  const std::string shape = "activepieces: the key must be 32 letters and digits, and has ";
  for (const auto& [given, said] : std::vector<std::pair<std::string, std::string>>{
           {"'" + key + "'", shape + "34 characters; they open with the key without its quotes"},
           {key + "\n", shape + "33 characters; they open with the key without the white space around it"},
           {hex_encoded(key), shape + "64 characters; they open with the key as the bytes that it is the hex of"},
           {"1234", shape + "4 characters"}}) {
    replace_file(bed.instance / "settings.json", Json{{"KEY", given}}.dump());
    const Json result = bed.verify(Json::array({keyring}));
    CHECK(result.at("verdict") == "unknown");
    CHECK(result.at("text") == said);
  }
  bed.env("KEY=playbook-test-auth-secret-0001\nSECRET=" + kKey + "\n");
  bed.store("i1", bed.connection("conn-basic"));
  CHECK(bed.verify(Json::array({bed.keyring(), bed.auth()})).at("schemes").at(0).at("text") ==
        "appstrate: the key must be 32 bytes in base64; they open with the secret of better-auth");
}

TEST_CASE("keys.verify says where a container runs with another key than a new one would get, and whether that key is the right one") {
  KeysBed bed;
  bed.store("i1", bed.connection("conn-basic"));
  TempFolder bin;
  auto answer = [&](const std::string& set, const std::string& runs) {
    const Json config{{"name", "shop"}, {"services", {{"app", {{"environment", {{"KEY", set}}}}}}}};
    const Json found{{"Id", "c1"},
                     {"Name", "/shop-app-1"},
                     {"Image", "sha256:1"},
                     {"RestartCount", 0},
                     {"Created", ""},
                     {"State", {{"Status", "running"}, {"ExitCode", 0}, {"StartedAt", ""}, {"FinishedAt", ""}}},
                     {"HostConfig", {{"RestartPolicy", {{"Name", "no"}}}}},
                     {"Config", {{"Image", "app:1"}, {"Labels", {{"com.docker.compose.service", "app"}}}, {"Env", {"KEY=" + runs, "X"}}}}};
    bin.write("config", config.dump());
    bin.write("found", Json::array({found}).dump());
    const std::string at = bin.path().string();
    chmod(bin.write("docker", "#!/bin/sh\ncase \"$*\" in *config*) cat " + at + "/config;; ps*) echo c1;; inspect*) cat " + at +
                                  "/found;; version*) echo 26.1.5;; *) echo 2.26.1;; esac\n")
              .c_str(),
          0755);
  };
  replace_file(bed.instance / "compose.yml", "services: {}\n");
  const Variable path("PATH", (bin.path().string() + ":" + std::getenv("PATH")).c_str());
  Json keyring = bed.keyring();
  keyring["service"] = {{"project", Json::object()}, {"service", "app"}};
  keyring["keys"] = {{"key", {"KEY", bed.dotenv("ELSEWHERE")}}};
  const std::string differs = "container shop-app-1 runs with another key than the compose file gives";
  const std::string none =
      "appstrate: none of 1 stored value opens, first of those that do not is integration_connections.credentials_encrypted of row i1";
  auto text = [&] { return bed.verify(Json::array({keyring})).at("text").get<std::string>(); };

  answer(kKey, kKey);
  CHECK(text() == "appstrate: 1 of 1 stored value opens");
  answer(kOther, kKey);
  CHECK(text() == none + "; " + differs + "; they open with the key of container shop-app-1");
  CHECK(bed.redactor.apply(kKey) == "«KEY»");
  answer(kKey, kOther);
  CHECK(text() == "appstrate: 1 of 1 stored value opens; " + differs);
  Json ask{{"keyrings", Json::array({keyring})}, {"like", bed.call("keys.fingerprint", {{"keyrings", Json::array({keyring})}})}};
  CHECK(bed.call("keys.fingerprint", ask) == ask["like"]);
  ask["running"] = true;
  const Json others = bed.call("keys.fingerprint", ask);
  CHECK(others != ask["like"]);
  answer(kOther, kOther);
  ask["running"] = false;
  CHECK(bed.call("keys.fingerprint", ask) == others);
  keyring["keys"] = {{"key", {"UNSET", bed.dotenv("ELSEWHERE")}}};
  CHECK(text() == "appstrate: the compose file gives service app no UNSET; " + (bed.instance / ".env").string() + " does not exist");
  bed.env("ELSEWHERE=" + kKey + "\n");
  CHECK(text() == "appstrate: 1 of 1 stored value opens");
}

TEST_CASE("keys.verify says how likely chance is to fool a scheme without a tag") {
  KeysBed bed;
  const Json pieces = key_vectors("activepieces");
  bed.sql("create table app_connection (id int primary key, value jsonb not null)");
  std::string file = (bed.instance / "settings.json").string();
  replace_file(file, R"({"ENCRYPTION_KEY": "4f1d2a9c0b7e63855d21c4fa98e07b36"})");
  Json key = first_secret(Json::array({bed.dotenv("AP_ENCRYPTION_KEY"), secret_from_json(file, "ENCRYPTION_KEY")}));
  Json keyring{{"scheme", "activepieces"},
               {"keys", {{"key", key}}},
               {"stored", {{"type", "postgres"}, {"server", bed.server}, {"columns", {"app_connection.value"}}}}};
  bed.sql(
      "insert into app_connection select 1, json_build_object('iv', 'd27937fdda7e957b37d9da8deac6c2ae', 'data', "
      "'8bd6202abd5d86bfc86711f0d185ed40')");
  Json result = bed.verify(Json::array({keyring}));
  CHECK(result.at("text") == "activepieces: 1 of 1 stored value opens, which a wrong key would do by chance 7e-07");
  bed.env("AP_ENCRYPTION_KEY=eb0a46a632720b53457b8e605b5c1e3b\n");  // the environment comes first
  CHECK(bed.verify(Json::array({keyring})).at("verdict") == "mismatch");
}

TEST_CASE("keys.verify tries what a backup set holds") {
  KeysBed bed;
  bed.env("KEY=" + kKey + "\n");
  bed.store("i1", bed.connection("conn-basic"));
  Json set = bed.call("backup.create", {{"sources", Json::array({{{"type", "postgres"}, {"server", bed.server}}})}});
  bed.sql("delete from integration_connections");
  CHECK(bed.text() == "appstrate: nothing to try among 0 stored values");
  Json args{{"keyrings", Json::array({bed.keyring()})}, {"set", set}};
  CHECK(bed.call("keys.verify", args).at("text") == "appstrate: 1 of 1 stored value opens");
  bed.env("KEY=" + kOther + "\n");
  CHECK(bed.call("keys.verify", args).at("verdict") == "mismatch");
  for (const std::string& name : bed.cluster.databases()) CHECK(name.find("scratch") == std::string::npos);

  REQUIRE(std::system(("age-keygen -o " + (bed.instance / "id").string() + " 2> /dev/null").c_str()) == 0);
  bed.env("KEY=" + kKey + "\n");
  bed.store("i1", bed.connection("conn-basic"));
  const std::string identity = read_file(bed.instance / "id"), recipient = identity.substr(identity.find("age1"), 62);
  args["set"] =
      bed.call("backup.create", {{"recipients", {recipient}}, {"sources", Json::array({{{"type", "postgres"}, {"server", bed.server}}})}});
  bed.sql("delete from integration_connections");
  const std::string sealed = args["set"].at("name");
  CHECK(error_of([&] { bed.call("keys.verify", args); }).message() ==
        "backup set " + sealed + " is encrypted, and no identity is named that opens it");
  args["identity"] = (bed.instance / "id").string();
  CHECK(bed.call("keys.verify", args).at("text") == "appstrate: 1 of 1 stored value opens");
  args["set"] = set;

  setenv("PLAYBOOK_TEST_OTHER", bed.cluster.url("postgres").c_str(), 1);
  args["keyrings"][0]["stored"]["server"] = {{"url", secret_from_env("PLAYBOOK_TEST_OTHER")}};
  CHECK(error_of([&] { bed.call("keys.verify", args); }).message() ==
        "backup set " + set.at("name").get<std::string>() + " holds no PostgreSQL at secret env PLAYBOOK_TEST_OTHER");
}

TEST_CASE("keys.verify tries what an archive of mongodump holds, without MongoDB") {
  KeysBed bed;
  bed.env("PASSWORD=Xk3PqLm92aBcD\nSALT=Zt7RwYh41eFgH\n");
  std::filesystem::copy_file(PLAYBOOK_SOURCE_DIR "/tests/runtime/keys/appsmith.mongodump.gz", bed.instance / "mongodb-data.gz");
  Json keyring{{"scheme", "appsmith-v2"},
               {"keys", {{"password", bed.dotenv("PASSWORD")}, {"salt", bed.dotenv("SALT")}}},
               {"stored",
                {{"type", "mongodump"},
                 {"path", "mongodb-data.gz"},
                 {"fields",
                  {"datasourceStorage.datasourceConfiguration.authentication.password", "gitDeployKeys.gitAuth.privateKey",
                   "datasourceStorage.datasourceConfiguration.sshProxy.privateKey.password"}}}}};
  Json result = bed.verify(Json::array({keyring}));
  CHECK(result.at("text") == "appsmith-v2: 2 of 2 stored values open");
  CHECK(result.at("schemes").at(0).at("places").at(0).at("place") == "datasourceStorage.datasourceConfiguration.authentication.password");
  bed.env("PASSWORD=Xk3PqLm92aBcE\nSALT=Zt7RwYh41eFgH\n");
  CHECK(bed.verify(Json::array({keyring})).at("text") ==
        "appsmith-v2: none of 2 stored values opens, first of those that do not is "
        "datasourceStorage.datasourceConfiguration.authentication.password of row 507f1f77bcf86cd799439011");
}

TEST_CASE("fingerprints know a key again by the salt that stands beside, and no other key") {
  KeysBed bed;
  bed.env("KEY=" + kKey + "\nSECRET=playbook-test-auth-secret-0001\n");
  Json rings = Json::array({bed.keyring(), bed.auth()});
  Json first = bed.call("keys.fingerprint", {{"keyrings", rings}});
  REQUIRE(first.size() == 2);
  CHECK(first.at(0).at("scheme") == "appstrate");
  CHECK(first.at(0).at("key") == "key");
  CHECK(first.at(0).at("salt").get<std::string>().size() == 32);
  CHECK(bed.call("keys.fingerprint", {{"keyrings", rings}}) != first);
  CHECK(bed.call("keys.fingerprint", {{"keyrings", rings}, {"like", first}}) == first);
  bed.env("KEY=" + kOther + "\nSECRET=playbook-test-auth-secret-0001\n");
  Json changed = bed.call("keys.fingerprint", {{"keyrings", rings}, {"like", first}});
  CHECK(changed.at(0).at("scrypt") != first.at(0).at("scrypt"));
  CHECK(changed.at(1) == first.at(1));

  bed.env("KEY=" + kKey + "\n");
  Json set = bed.call("backup.create", {{"sources", Json::array({{{"type", "postgres"}, {"server", bed.server}}})}, {"keyrings", rings}});
  REQUIRE(set.at("keys").size() == 1);
  CHECK(bed.call("keys.fingerprint", {{"keyrings", rings}, {"like", set.at("keys")}}) == set.at("keys"));
  CHECK(bed.logged.back().second == "no fingerprint: " + (bed.instance / ".env").string() + " has no SECRET");
  CHECK(read_file(std::filesystem::path(set.at("path").get<std::string>()) / "manifest.json").find(kKey) == std::string::npos);
}

TEST_CASE("a fingerprint is scrypt as RFC 7914 and others compute it") {
  const SchemeRegistry schemes;
  KeyTexts texts;
  texts.emplace("secret", SecretBytes(std::string_view("playbook-test-auth-secret-0001")));
  Json like = Json::array({{{"scheme", "better-auth"}, {"key", "secret"}, {"salt", "000102030405060708090a0b0c0d0e0f"}}});
  CHECK(fingerprint_keys(schemes.at("better-auth"), texts, like).at(0).at("scrypt") ==
        "89176a8057f3a4c0b83e0f904da987324aed70149729debef1dc11bf8d5f8e10");  // Python's hashlib
}

TEST_CASE("keys.escrow puts keys aside for the holders of an age key alone, and never over another file") {
  KeysBed bed;
  bed.env("KEY=" + kKey + "\nSECRET=playbook-test-auth-secret-0001\n");
  REQUIRE(std::system(("age-keygen -o " + (bed.instance / "id").string() + " 2> /dev/null").c_str()) == 0);
  std::string identity = read_file(bed.instance / "id"), recipient = identity.substr(identity.find("age1"));
  recipient = recipient.substr(0, recipient.find('\n'));
  Json args{{"keyrings", Json::array({bed.keyring(), bed.auth()})}, {"to", "keys.age"}, {"recipients", {recipient}}};
  CHECK(bed.call("keys.escrow", args) == Json{{"path", (bed.instance / "keys.age").string()}});
  CHECK(read_file(bed.instance / "keys.age").find(kKey) == std::string::npos);
  CHECK((std::filesystem::status(bed.instance / "keys.age").permissions() & std::filesystem::perms(0077)) == std::filesystem::perms::none);
  std::string in = "cd " + bed.instance.string() + " && ";
  REQUIRE(std::system((in + "age --decrypt --identity id keys.age > plain").c_str()) == 0);
  CHECK(Json::parse(read_file(bed.instance / "plain")) ==
        Json{{"appstrate", {{"key", kKey}}}, {"better-auth", {{"secret", "playbook-test-auth-secret-0001"}}}});
  CHECK(bed.probe().state == Probe::State::done);
  Record finished = bed.record;
  CHECK(error_of([&] { bed.call("keys.escrow", args); }).message() == (bed.instance / "keys.age").string() + " is there already");
  bed.record = finished;
  bed.undo();
  CHECK_FALSE(std::filesystem::exists(bed.instance / "keys.age"));
  CHECK(bed.probe().state == Probe::State::not_done);
  bed.undo();

  args["recipients"] = {"age1nobody"};
  CHECK(error_of([&] { bed.call("keys.escrow", args); }).message() ==
        "encrypting the keys failed: malformed recipient \"age1nobody\": invalid character data part: s[1]=111");
  args["recipients"] = {"nobody"};
  CHECK(error_of([&] { bed.call("keys.escrow", args); }).message() == "\"nobody\" is no recipient of age");
  args["recipients"] = {recipient};
  bed.env("KEY=" + kKey + "\n");
  CHECK(error_of([&] { bed.call("keys.escrow", args); }).message() == (bed.instance / ".env").string() + " has no SECRET");
  CHECK_FALSE(std::filesystem::exists(bed.instance / "keys.age"));
}

TEST_CASE("columns are read the same in both ways, whole or as a sample") {
  KeysBed bed;
  bed.sql(
      "create schema \"Odd one\"; create table \"Odd one\".\"t'\" (a int, \"b\"\"\" int, v_encrypted text, primary key (a, \"b\"\"\"));"
      "insert into \"Odd one\".\"t'\" select n, 0, 'v' || n from generate_series(1, 2500) n");
  auto direct = make_direct_postgres(bed.cluster.url("shop"), *bed.children);
  auto service = make_postgres_service(std::make_unique<ClusterPlace>(bed.cluster, *bed.children), "", "shop");
  for (PostgresServer* server : {direct.get(), service.get()}) {
    std::map<std::string, std::string> found;
    auto read = [&](const ColumnChoice& choice) {
      found.clear();
      return read_columns(*server->connect({}), choice, [&](const StoredValue& value) { found[std::string(value.id)] = value.text; });
    };
    CHECK(read({{"Odd one.t'.*_encrypted"}, 0}) == std::map<std::string, std::uint64_t>{{"Odd one.t'.v_encrypted", 2500}});
    CHECK(found.size() == 2500);
    CHECK(found.at("17,0") == "v17");
    CHECK(read({{"*.*.v_encrypted"}, 100}).at("Odd one.t'.v_encrypted") == 2500);
    CHECK(found.size() == 100);
    CHECK(read({{"*.v_encrypted"}, 0}).empty());
  }
}

TEST_CASE("a keyring that is described wrongly is refused by name") {
  KeysBed bed;
  bed.env("KEY=" + kKey + "\n");
  auto refused = [&](const std::function<void(Json&)>& change) {
    Json keyring = bed.keyring();
    change(keyring);
    return error_of([&] { bed.verify(Json::array({keyring})); }).message();
  };
  CHECK(refused([](Json& k) { k["scheme"] = "appstrat"; }) == "there is no key scheme \"appstrat\"; did you mean \"appstrate\"?");
  CHECK(refused([](Json& k) { k["keys"]["kei"] = "x"; }) ==
        "keys of scheme appstrate: \"kei\" does not belong there; did you mean \"key\"?");
  CHECK(refused([](Json& k) { k["keys"]["key"] = kKey; }) == "scheme appstrate: key must be a secret reference");
  CHECK(refused([](Json& k) { k["stored"].erase("columns"); }) ==
        "keyring: stored.columns must be a list of names, such as \"*.*_encrypted\"");
  CHECK(refused([](Json& k) { k["store"] = 1; }) == "keyring: \"store\" does not belong there; did you mean \"stored\"?");
  CHECK(refused([](Json& k) { k["stored"]["type"] = "mysql"; }) ==
        "keyring: stored must be {type=\"postgres\", server=, columns=}, {type=\"mongodump\", path=, fields=}, "
        "{type=\"pglite\", path=, columns=} or {type=\"lines\", project=, service=, command=}");
}

TEST_CASE("nothing that keys.verify gives or logs holds a key, and each part of a map of keys is redacted") {
  KeysBed bed;
  bed.env("KEY=" + kOther + "\nKEYS='{\"k0\": \"" + kKey + "\"}'\n");
  bed.store("i1", bed.connection("conn-basic"));
  Json result = bed.verify(Json::array({bed.keyring()}));
  std::string all = result.dump();
  for (const auto& [level, line] : bed.logged) all += line;
  CHECK(all.find(kKey.substr(0, 12)) == std::string::npos);
  CHECK(all.find(kOther.substr(0, 12)) == std::string::npos);
  CHECK(bed.redactor.apply("a " + kKey + " b") == "a «retired.k0» b");
  CHECK(bed.redactor.apply("a " + kOther + " b") == "a «KEY» b");
}
