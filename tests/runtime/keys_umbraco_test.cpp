// What tells whether Umbraco's keys are still the same: the fingerprint of its HMAC key, and its key ring.
#include "runtime/base/file.h"
#include "runtime/keys/key_ring.h"
#include "tests/support/catch.h"
#include "tests/support/primitive_fixture.h"

using namespace playbook;
using namespace playbook::testing;

namespace {

// As "Key storage format in ASP.NET Core" shows it.
std::string key_xml(const std::string& id, const std::string& created) {
  return "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<key id=\"" + id + "\" version=\"1\">\n  <creationDate>" + created +
         "</creationDate>\n  <activationDate>2026-01-02T00:00:00Z</activationDate>\n  "
         "<expirationDate>2026-04-02T00:00:00Z</expirationDate>\n"
         "  <descriptor><descriptor><masterKey><value>c2VjcmV0</value></masterKey></descriptor></descriptor>\n</key>\n";
}

const std::string kSettings = R"({
  // of the template
  "Umbraco": { "CMS": { "Imaging": { "HMACSecretKey": "c2l4dGVlbiBieXRlcyBvZiBpdA==" } } }
})";

}  // namespace

TEST_CASE("Umbraco's HMAC key is found in appsettings.json and known again by its fingerprint") {
  PrimitiveFixture bed;
  replace_file(bed.instance / "appsettings.json", kSettings);
  auto keyring = [&](const char* path) {
    const Json key = bed.call("secret.appsettings", {{"folder", "."}, {"key", path}});
    return Json::array({{{"scheme", "umbraco"}, {"keys", {{"hmac", key}}}}});
  };
  const Json first = bed.call("keys.fingerprint", {{"keyrings", keyring("Umbraco:CMS:Imaging:HMACSecretKey")}});
  REQUIRE(first.size() == 1);
  CHECK(first.at(0).at("key") == "hmac");
  CHECK(bed.call("keys.fingerprint", {{"keyrings", keyring("umbraco:cms:imaging:hmacsecretkey")}, {"like", first}}) == first);
  std::string other = kSettings;
  replace_file(bed.instance / "appsettings.json", other.replace(other.find("c2l4"), 4, "AAAA"));
  CHECK(bed.call("keys.fingerprint", {{"keyrings", keyring("Umbraco:CMS:Imaging:HMACSecretKey")}, {"like", first}}) != first);
  CHECK(bed.call("keys.fingerprint", {{"keyrings", keyring("Umbraco:CMS:Imaging")}}) == Json::array());
  CHECK(bed.logged.back().second == "no fingerprint: no appsettings file in " + (bed.instance / "").string() + " sets Umbraco:CMS:Imaging");
  const Json found = bed.call("keys.verify", {{"keyrings", keyring("Umbraco:CMS:Imaging:HMACSecretKey")}});
  CHECK(found.at("verdict") == "unknown");
  CHECK(found.at("text") == "umbraco: nothing is stored under this key; compare its fingerprint");
}

TEST_CASE("the keys of an ASP.NET key ring are listed, oldest first, with those that were revoked") {
  PrimitiveFixture bed;
  const auto ring = bed.instance / "DataProtection-Keys";
  CHECK(error_of([&] { bed.call("keys.ring", {{"path", "DataProtection-Keys"}}); }).message() == ring.string() + " is no folder");
  std::filesystem::create_directory(ring);
  CHECK(bed.call("keys.ring", {{"path", "DataProtection-Keys"}}) == Json::array());
  replace_file(ring / "key-b.xml", key_xml("b", "2026-03-01T00:00:00Z"));
  replace_file(ring / "key-a.xml", key_xml("a", "2026-01-01T00:00:00Z"));
  replace_file(ring / "notes.txt", "no key");
  replace_file(ring / "revocation-1.xml",
               "<revocation version=\"1\"><revocationDate>2026-02-01T00:00:00Z</revocationDate><key id=\"*\"/><reason/></revocation>");
  const Json keys = bed.call("keys.ring", {{"path", "DataProtection-Keys"}});
  REQUIRE(keys.size() == 2);
  CHECK(keys.at(0) == Json{{"id", "a"},
                           {"created", "2026-01-01T00:00:00Z"},
                           {"activated", "2026-01-02T00:00:00Z"},
                           {"expires", "2026-04-02T00:00:00Z"},
                           {"revoked", true}});
  CHECK(keys.at(1).at("revoked") == false);
  CHECK(keys.dump().find("c2VjcmV0") == std::string::npos);
  replace_file(ring / "key-c.xml", "<key");
  CHECK(error_of([&] { read_key_ring(ring); }).message() == (ring / "key-c.xml").string() + " is no XML: Error parsing start element tag");
  replace_file(ring / "key-c.xml", "<key version=\"1\"/>");
  CHECK(error_of([&] { read_key_ring(ring); }).message() == (ring / "key-c.xml").string() + " holds no key");
}
