// keys.find: which of several keys fits which rows of a real PostgreSQL.
#include "tests/support/catch.h"
#include "tests/support/keys_bed.h"

using namespace playbook;
using namespace playbook::testing;

namespace {

// {"token":"saved since"} under eb0a46a632720b53457b8e605b5c1e3b, by `openssl enc -aes-256-cbc -K ... -iv 000102...0f`.
const std::string kUnderLater = "068df57952dce8ed988940a35ea4180eedfdc0763a4eff80d0526a76449c116c";

}  // namespace

TEST_CASE("keys.find tells which of several keys fits which rows") {
  KeysBed bed;
  const Json pieces = key_vectors("activepieces"), good = pieces.at("vectors").at(0);
  const std::string key = good.at("key");
  bed.sql("create table app_connection (id int primary key, value jsonb not null)");
  auto store = [&](int row, const Json& pair) {
    bed.sql("insert into app_connection values (" + std::to_string(row) + ", '" +
            Json{{"iv", pair.at("iv")}, {"data", pair.at("data")}}.dump() + "')");
  };
  const std::string later = "eb0a46a632720b53457b8e605b5c1e3b";
  for (int row : {1, 2, 3}) store(row, good);
  store(4, {{"iv", "000102030405060708090a0b0c0d0e0f"}, {"data", kUnderLater}});  // saved since
  store(5, {{"iv", "000102030405060708090a0b0c0d0e0f"}, {"data", std::string(32, '0')}});
  bed.sql("insert into app_connection values (6, 'null')");
  bed.env("KEY=" + later + "\nOLD=" + key + "\nSAME=" + later + "\nSHORT=abc\n");
  Json keyring{{"scheme", "activepieces"},
               {"keys", {{"key", bed.dotenv("KEY")}}},
               {"stored", {{"type", "postgres"}, {"server", bed.server}, {"columns", {"app_connection.value"}}}}};
  Json args{{"keyrings", Json::array({keyring})}, {"offers", Json::array()}};
  for (const char* name : {"SAME", "SHORT", "OLD"}) args["offers"].push_back({{"secret", bed.dotenv(name)}});
  CHECK(bed.call("keys.find", args).at(0) ==
        Json{{"scheme", "activepieces"},
             {"tried", 5},
             {"candidates",
              Json::array(
                  {{{"choice", Json::object()}, {"opened", 1}},
                   {{"choice", {{"key", 2}}}, {"opened", 0}, {"problem", "the key must be 32 letters and digits, and has 3 characters"}},
                   {{"choice", {{"key", 3}}}, {"opened", 3}}})},
             {"tied", false},
             {"best", {{"choice", {{"key", 3}}}, {"opened", 3}}},
             {"others", Json::array({{{"choice", Json::object()}, {"values", 1}, {"rows", {"app_connection.value of row 4"}}}})},
             {"none", {{"values", 1}, {"rows", {"app_connection.value of row 5"}}}}});

  bed.sql("delete from app_connection where id in (2, 3, 5)");
  CHECK(bed.call("keys.find", args).at(0).at("tied") == true);
  bed.sql("delete from app_connection");
  CHECK_FALSE(bed.call("keys.find", args).at(0).contains("best"));
  args["offers"] = Json::array({{{"secret", bed.dotenv("NONE")}}});
  CHECK(error_of([&] { bed.call("keys.find", args); }).code() == Code::secret_missing);
  args["offers"] = Json::array({key});
  const Error refused = error_of([&] { bed.call("keys.find", args); });
  CHECK(refused.message() == "an offer must be {secret=secret reference, key=name of the key in its scheme?}");
}

TEST_CASE("keys.find tries every combination of a scheme's two keys") {
  KeysBed bed;
  const std::string value = stored_value(key_vectors("appsmith").at("vectors"), "v2-basic", "ciphertext");
  bed.sql("create table datasource (id int primary key, password text); insert into datasource values (7, '" + value + "')");
  bed.env("P1=no\nP2=Xk3PqLm92aBcD\nS1=Zt7RwYh41eFgH\nS2=no\nP0=x\nS0=y\n");
  const Json keyring{{"scheme", "appsmith-v2"},
                     {"keys", {{"password", bed.dotenv("P0")}, {"salt", bed.dotenv("S0")}}},
                     {"stored", {{"type", "postgres"}, {"server", bed.server}, {"columns", {"datasource.password"}}}}};
  Json args{{"keyrings", Json::array({keyring})}, {"offers", Json::array()}};
  for (const auto& [name, key] : std::map<std::string, std::string>{{"P1", "password"}, {"P2", "password"}, {"S1", "salt"}, {"S2", "salt"}})
    args["offers"].push_back({{"secret", bed.dotenv(name)}, {"key", key}});
  const Json found = bed.call("keys.find", args).at(0);
  CHECK(found.at("candidates").size() == 9);
  CHECK(found.at("best") == Json{{"choice", {{"password", 2}, {"salt", 3}}}, {"opened", 1}});
  for (int i = 0; i < 64; ++i) args["offers"].push_back({{"secret", bed.dotenv("P" + std::to_string(i))}, {"key", "password"}});
  std::string many;
  for (int i = 0; i < 64; ++i) many += "P" + std::to_string(i) + "=x" + std::to_string(i) + "\n";
  bed.env(many + "S0=y\nS1=1\nS2=2\n");
  CHECK(error_of([&] { bed.call("keys.find", args); }).message() == "more than 64 keys of scheme appsmith-v2 to choose from");
}
