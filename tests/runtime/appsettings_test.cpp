// Settings of a .NET application as its files say them.
#include "runtime/pin/appsettings.h"

#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "tests/support/catch.h"
#include "tests/support/primitive_fixture.h"

using namespace playbook;
using namespace playbook::testing;

namespace {

constexpr const char* kBase = R"(// made by the template
{
  "ConnectionStrings": {
    "umbracoDbDSN": "Data Source=|DataDirectory|/Umbraco.sqlite.db;Cache=Shared", /* two // in one */
    "umbracoDbDSN_ProviderName": "Microsoft.Data.Sqlite",
  },
  "Umbraco": { "CMS": { "Unattended": { "UpgradeUnattended": true }, "Global": { "Id": "a,}\"//b" }, }, },
  "Umbraco:CMS:Imaging:HMACSecretKey": "c2VjcmV0",
  "Numbers": [1, 2,],
}
)";

struct Site : PrimitiveFixture {
  Site() { replace_file(instance / "appsettings.json", kBase); }
  Json get(const std::string& key, const std::string& of = "Production") {
    return call("appsettings.get", {{"folder", "."}, {"key", key}, {"environment", of}});
  }
};

}  // namespace

TEST_CASE("settings are read through comments and trailing commas, and the file of the environment wins") {
  Site site;
  const std::string base = (site.instance / "appsettings.json").string(), over = (site.instance / "appsettings.Staging.json").string();
  replace_file(over, "\xEF\xBB\xBF{\"umbraco\": {\"cms\": {\"unattended\": {\"upgradeunattended\": false}}}}");
  CHECK(site.get("connectionstrings:UMBRACODBDSN") ==
        Json({{"value", "Data Source=|DataDirectory|/Umbraco.sqlite.db;Cache=Shared"}, {"file", base}}));
  CHECK(site.get("Umbraco:CMS:Unattended:UpgradeUnattended") == Json({{"value", "true"}, {"file", base}}));
  CHECK(site.get("Umbraco:CMS:Unattended:UpgradeUnattended", "Staging") == Json({{"value", "false"}, {"file", over}}));
  CHECK(site.get("Umbraco:CMS:Global:Id")["value"] == "a,}\"//b");
  CHECK(site.get("Umbraco:CMS") == nullptr);
  CHECK(site.get("Umbraco:CMS:Nothing") == nullptr);
}

TEST_CASE("a secret of an appsettings file is neither given nor shown") {
  Site site;
  Error error = error_of([&] { site.get("Umbraco:CMS:Imaging:HMACSecretKey"); });
  CHECK(error.code() == Code::argument_invalid);
  CHECK(error.message() == "appsettings.get: Umbraco:CMS:Imaging:HMACSecretKey names a secret, which never enters a playbook");
  CHECK(without_password("Server=db;User Id=sa;Password=p w;Encrypt=true") == "Server=db;User Id=sa;Password=***;Encrypt=true");
  CHECK(without_password("PWD = \"a;b\";Server=db") == "PWD = ***;Server=db");
  CHECK(without_password("Server=db") == "Server=db");
}

TEST_CASE("an appsettings file that is no JSON is refused with its place") {
  Site site;
  for (const char* text : {"{\"a\": }", "{\"a\": 1 /* open", "{\"a\": \"open", "{,}", "[1,,]"}) {
    INFO(text);
    replace_file(site.instance / "appsettings.json", text);
    Error error = error_of([&] { site.get("a"); });
    CHECK(error.code() == Code::json_invalid);
    CHECK_THAT(error.message(), ContainsSubstring((site.instance / "appsettings.json").string()));
  }
}

TEST_CASE("variables of a unit, its drop-ins and env files win over appsettings files, as systemd reads them") {
  Site site;
  replace_file(site.instance / "site.service",
               "[Unit]\nEnvironment=Umbraco__CMS__Global__Id=not-of-a-service\n[Service]\n# Environment=A__B=comment\n"
               "Environment=\"A__B=one two\" 'C=it''s' D=\\\n  E=next\nEnvironmentFile=-/no/such/file\n"
               "Environment=ConnectionStrings__umbracoDbDSN=\"Data Source=/srv/x.db;Password=hunter22\"\n"
               "EnvironmentFile=" +
                   (site.instance / "unit.env").string() + "\n[Install]\nEnvironment=Z=1\n");
  replace_file(site.instance / "over.conf", "[Service]\nEnvironment=A__B=three\n");
  replace_file(site.instance / "unit.env", "C=of a file\nSecret__Key=c2VjcmV0\n");
  const ServiceVariables found = service_variables({site.instance / "site.service", site.instance / "over.conf"});
  CHECK(found == ServiceVariables{{"A__B", "three"},
                                  {"C", "of a file"},
                                  {"ConnectionStrings__umbracoDbDSN", "Data Source=/srv/x.db;Password=hunter22"},
                                  {"D", ""},
                                  {"E", "next"},
                                  {"Secret__Key", "c2VjcmV0"}});
  auto get = [&](const std::string& key) {
    return site.call("appsettings.get", {{"folder", "."}, {"key", key}, {"over", {"site.service", "over.conf"}}});
  };
  CHECK(get("ConnectionStrings:umbracoDbDSN") == Json({{"value", "Data Source=/srv/x.db;Password=***"}}));
  CHECK(get("Umbraco:CMS:Global:Id")["value"] == "a,}\"//b");
  const Json reference = site.call("secret.appsettings", {{"folder", "."}, {"key", "Secret:Key"}, {"over", {"site.service"}}});
  CHECK(site.secrets.open(reference) == "c2VjcmV0");
  const Json password = site.call(
      "secret.appsettings", {{"folder", "."}, {"key", "ConnectionStrings:umbracoDbDSN"}, {"over", {"site.service"}}, {"part", "password"}});
  CHECK(site.secrets.open(password) == "hunter22");
  CHECK(password_in("pwd='a;b c';Server=db") == "a;b c");
  replace_file(site.instance / "over.conf", "[Service]\nEnvironment=\nEnvironment=A__B=alone\nEnvironmentFile=\n");
  CHECK(service_variables({site.instance / "site.service", site.instance / "over.conf"}) == ServiceVariables{{"A__B", "alone"}});
}

TEST_CASE("variables that a compose file gives to a service are read as Compose reads them") {
  Site site;
  replace_file(site.instance / ".env", "DB_PASSWORD='hunter22'\nEMPTY=\n");
  replace_file(site.instance / "site.env", "FROM_FILE=file\nBoth=file\n");
  replace_file(site.instance / "compose.yml", R"(x-common: &common
  Umbraco__CMS__Global__Id: shared
services:
  site:
    env_file: [site.env, { path: none.env, required: false }]
    environment:
      <<: *common
      ConnectionStrings__umbracoDbDSN: Server=umb_database;User Id=sa;Password=${DB_PASSWORD};Timeout=${LONG:-60${EMPTY}}
      Both: environment
      Number: 5
      Dollar: a$$b
  other:
    environment: ["A=1", "B=${EMPTY:-two}", "NOBODY_SETS_THIS"]
)");
  CHECK(service_variables({site.instance / "compose.yml#site"}) ==
        ServiceVariables{{"FROM_FILE", "file"},
                         {"Both", "environment"},
                         {"Umbraco__CMS__Global__Id", "shared"},
                         {"ConnectionStrings__umbracoDbDSN", "Server=umb_database;User Id=sa;Password=hunter22;Timeout=60"},
                         {"Number", "5"},
                         {"Dollar", "a$b"}});
  CHECK(service_variables({site.instance / "compose.yml#other"}) == ServiceVariables{{"A", "1"}, {"B", "two"}});
  CHECK(service_variables({site.instance / "compose.yml#nobody"}).empty());
  const Json args{{"folder", "."}, {"key", "ConnectionStrings:umbracoDbDSN"}, {"over", {"compose.yml#site"}}};
  CHECK(site.call("appsettings.get", args)["value"] == "Server=umb_database;User Id=sa;Password=***;Timeout=60");
  Json password = args;
  password["part"] = "password";
  CHECK(site.secrets.open(site.call("secret.appsettings", password)) == "hunter22");
  replace_file(site.instance / "compose.yml", "services: {site: {env_file: none.env}}");
  CHECK(error_of([&] { service_variables({site.instance / "compose.yml#site"}); }).message() ==
        (site.instance / "none.env").string() + " does not exist");
}
