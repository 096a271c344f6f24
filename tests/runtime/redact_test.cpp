#include "runtime/base/redact.h"

#include <cstdlib>

#include "runtime/base/error.h"
#include "runtime/base/secret.h"
#include "tests/support/catch.h"
#include "tests/support/primitive_fixture.h"

using namespace playbook;
using playbook::testing::error_of;
using playbook::testing::TempFolder;

TEST_CASE("a known value is replaced by its name, however it is written") {
  Redactor redactor;
  redactor.add("PASSWORD", "p\"a s/s\n+\xC3\xA9");
  for (const char* text : {
           "p\"a s/s\n+\xC3\xA9",        // as it is
           "p\\\"a s/s\\n+\xC3\xA9",     // in JSON
           "p\\\"a s/s\\n+\\u00e9",      // in ASCII JSON
           "p%22a%20s%2Fs%0A%2B%C3%A9",  // in a URL
           "p%22a%20s%2fs%0a%2b%c3%a9",  // in a URL, lower case
           "p%22a+s%2Fs%0A%2B%C3%A9",    // in a form
       }) {
    INFO(text);
    CHECK(redactor.apply("before " + std::string(text) + " after") == "before «PASSWORD» after");
  }
}

TEST_CASE("base64 of a value is found alone and inside of more") {
  Redactor redactor;
  redactor.add("TOKEN", "correct horse battery");
  CHECK(redactor.apply("Y29ycmVjdCBob3JzZSBiYXR0ZXJ5") == "«TOKEN»");
  for (const char* text : {"dXNlcjpjb3JyZWN0IGhvcnNlIGJhdHRlcnk=",     // user:correct horse battery
                           "dTpjb3JyZWN0IGhvcnNlIGJhdHRlcnk6eA==",     // u:correct horse battery:x
                           "dXM6Y29ycmVjdCBob3JzZSBiYXR0ZXJ5IQ=="}) {  // us:correct horse battery!
    INFO(text);
    CHECK_THAT(redactor.apply(text), playbook::testing::ContainsSubstring("«TOKEN»"));
  }
}

TEST_CASE("values that overlap leave no piece of one another") {
  Redactor redactor;
  redactor.add("SHORT", "abcdef");
  redactor.add("LONG", "defghijk");
  CHECK(redactor.apply("-abcdefghijk-") == "-«LONG»-");
  CHECK(redactor.apply("-abcdefdefghijk-") == "-«SHORT»«LONG»-");
  redactor.add("INNER", "LONG");  // a value that is in the name of another
  CHECK(redactor.apply("defghijk") == "«LONG»");
}

TEST_CASE("a secret of several lines is hidden line by line, its frame is not") {
  Redactor redactor;
  redactor.add("KEY", "-----BEGIN KEY-----\nMIIEvQIBADAN\nBgkqhkiG9w0B\n-----END KEY-----");
  CHECK(redactor.apply("log: BgkqhkiG9w0B") == "log: «KEY»");
  CHECK(redactor.apply("-----BEGIN KEY-----") == "-----BEGIN KEY-----");
}

TEST_CASE("short values are left alone, keys and nested strings are not") {
  Redactor redactor;
  redactor.add("PORT", "80");
  redactor.add("PASSWORD", "swordfish");
  CHECK(redactor.apply("port 80") == "port 80");
  Json value{{"swordfish", Json::array({"a swordfish", 1, nullptr, {{"k", true}}})}, {"empty", Json::object()}, {"list", Json::array()}};
  CHECK(redactor.apply(value).dump() == R"({"empty":{},"list":[],"«PASSWORD»":["a «PASSWORD»",1,null,{"k":true}]})");
}

TEST_CASE("a secret is opened by the host alone, and the redactor knows it from then on") {
  TempFolder folder;
  Redactor redactor;
  SecretStore store(redactor);
  setenv("PLAYBOOK_TEST_SECRET", "from the environment", 1);
  CHECK(store.open(secret_from_env("PLAYBOOK_TEST_SECRET")) == "from the environment");
  unsetenv("PLAYBOOK_TEST_SECRET");
  std::string file = folder.write("key", "from a file\n\n").string();
  CHECK(store.open(secret_from_file(file)) == "from a file\n");
  CHECK(store.open_or_plain("plain") == "plain");
  CHECK(redactor.apply("from the environment, plain") == "«PLAYBOOK_TEST_SECRET», plain");
}

TEST_CASE("a secret that is not there says how to give it") {
  Redactor redactor;
  SecretStore store(redactor);
  Error error = error_of([&] { store.open(secret_from_env("PLAYBOOK_TEST_ABSENT")); });
  CHECK(error.code() == Code::secret_missing);
  CHECK(error.message() == "the environment variable PLAYBOOK_TEST_ABSENT is not set");
  CHECK(error.hint() == "set PLAYBOOK_TEST_ABSENT in the environment of this command, then run it again");
  CHECK(error_of([&] { store.open(secret_from_file("/absent/key")); }).message() == "the secret file /absent/key does not exist");
  CHECK(error_of([&] {
          store.open({{"type", "secret"}, {"source", "vault"}, {"name", "K"}});
        }).message() == "secret vault K has a source that this tool does not know");
  CHECK(error_of([&] { store.open({{"type", "other"}}); }).code() == Code::argument_invalid);
}

TEST_CASE("a reference is known by its shape and shown by its name") {
  CHECK(is_secret(secret_from_env("A")));
  CHECK_FALSE(is_secret("A"));
  CHECK_FALSE(is_secret({{"type", "secret"}}));
  CHECK(secret_label(secret_from_dotenv("/srv/app/.env", "KEY")) == "secret dotenv /srv/app/.env KEY");
}
