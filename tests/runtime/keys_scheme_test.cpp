// Key schemes against vectors that the applications themselves, or independent programs, made (tests/runtime/keys).
#include <openssl/rand.h>

#include <filesystem>
#include <set>

#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/base/json.h"
#include "runtime/keys/cipher.h"
#include "runtime/keys/scheme.h"
#include "tests/support/catch.h"

using namespace playbook;

namespace {

Json vectors(const std::string& application) {
  std::string file = PLAYBOOK_SOURCE_DIR "/tests/runtime/keys/" + application + ".json";
  return parse_json(read_file(file), file);
}

const Json& by_id(const Json& list, const std::string& id) {
  for (const Json& item : list)
    if (item.at("id") == id) return item;
  throw std::runtime_error("no vector " + id);
}

KeyTexts texts(std::initializer_list<std::pair<const char*, std::string>> given) {
  KeyTexts all;
  for (const auto& [name, text] : given) all.emplace(name, SecretBytes(text));
  return all;
}

Trial tried(const std::string& scheme, const KeyTexts& keys, const std::string& stored) {
  static const SchemeRegistry schemes;
  Opening opening = schemes.at(scheme).prepare(keys);
  REQUIRE(opening.problem == "");
  return opening.opener->open(stored);
}

std::string problem(const std::string& scheme, const KeyTexts& keys) { return SchemeRegistry().at(scheme).prepare(keys).problem; }

std::string word(TrialOutcome outcome) {
  switch (outcome) {
    case TrialOutcome::opened:
      return "match";
    case TrialOutcome::failed:
      return "mismatch";
    case TrialOutcome::unknown_key:
      return "no_key";
    case TrialOutcome::malformed:
      return "malformed";
    case TrialOutcome::plain:
      return "plain";
    case TrialOutcome::empty:
      return "skip";
  }
  return "";
}

KeyTexts appsmith(const Json& vector) { return texts({{"password", vector.at("password")}, {"salt", vector.at("salt")}}); }

KeyTexts appstrate(const Json& ring) {
  Json retired = ring;
  std::string active = ring.at("active");
  retired.erase("active"), retired.erase(active);
  return texts({{"key", ring.at(active)}, {"id", active}, {"retired", retired.empty() ? "" : retired.dump()}});
}

KeyTexts better_auth(const Json& env) {
  return texts({{"secret", env.at("BETTER_AUTH_SECRET")},
                {"active", get_or<std::string>(env, "BETTER_AUTH_ACTIVE_KID", "")},
                {"secrets", get_or<std::string>(env, "BETTER_AUTH_SECRETS", "")}});
}

std::string stored_activepieces(const Json& vector) { return Json{{"iv", vector.at("iv")}, {"data", vector.at("data")}}.dump(); }

// One good value of every scheme, with its keys.
struct Sample {
  std::string scheme;
  std::string key_name;  // the one that a wrong key replaces
  std::function<KeyTexts()> keys;
  std::string stored;
  std::function<std::string(const std::string& random)> key_like;  // from 32 random bytes
};

std::string hex(const std::string& bytes) {
  std::string text;
  for (unsigned char c : bytes) text += std::string(1, "0123456789abcdef"[c >> 4]) + "0123456789abcdef"[c & 15];
  return text;
}

std::string base64(const std::string& bytes) {
  const char* alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  unsigned buffer = 0, bits = 0;
  for (unsigned char c : bytes)
    for (buffer = buffer << 8 | c, bits += 8; bits >= 6; bits -= 6) text += alphabet[buffer >> (bits - 6) & 63];
  if (bits > 0) text += alphabet[buffer << (6 - bits) & 63];
  return text;
}

std::vector<Sample> samples() {
  const Json smith = vectors("appsmith"), pieces = vectors("activepieces"), strate = vectors("appstrate");
  const Json v1 = by_id(smith.at("vectors"), "v1-basic"), v2 = by_id(smith.at("vectors"), "v2-basic");
  const Json pair = by_id(pieces.at("vectors"), "secret_text"), ring = strate.at("keyrings").at("one-k1");
  const Json auth = by_id(strate.at("better_auth"), "ba-basic");
  auto as_hex = [](const std::string& random) { return hex(random); };
  return {{"appsmith-v1", "password", [v1] { return appsmith(v1); }, v1.at("ciphertext"), as_hex},
          {"appsmith-v2", "password", [v2] { return appsmith(v2); }, v2.at("ciphertext"), as_hex},
          {"activepieces", "key",
           [pair] {
             return texts({{"key", pair.at("key")}});
           },
           stored_activepieces(pair), [](const std::string& random) { return hex(random.substr(0, 16)); }},
          {"appstrate", "key", [ring] { return appstrate(ring); }, by_id(strate.at("connection"), "conn-basic").at("value"),
           [](const std::string& random) { return base64(random); }},
          {"better-auth", "secret", [auth] { return better_auth(auth.at("env")); }, auth.at("column"), as_hex}};
}

// The last character that is data for sure: a bit that is flipped there, or a cut before its end, damages the value. In Activepieces'
// values the IV comes last, where a flipped bit can go unseen.
size_t last_data(const std::string& text) { return std::min(text.find("\",\"iv\""), text.find_last_not_of("=\"}")) - 1; }

}  // namespace

TEST_CASE("appsmith-v1 and appsmith-v2 open what Appsmith stored, and nothing else") {
  const Json data = vectors("appsmith");
  for (const Json& vector : data.at("vectors")) {
    INFO(vector.at("id"));
    std::string scheme = vector.at("scheme") == "v2-gcm" ? "appsmith-v2" : "appsmith-v1";
    CHECK(Json(word(tried(scheme, appsmith(vector), vector.at("ciphertext")).outcome)) == vector.at("verdict"));
  }
}

TEST_CASE("activepieces opens what Activepieces stored, and nothing else") {
  const std::map<std::string, std::string> verdicts{{"ok", "match"},
                                                    {"wrong_key_padding", "mismatch"},
                                                    {"wrong_key_not_utf8", "mismatch"},
                                                    {"wrong_key_not_json", "mismatch"},
                                                    {"unverifiable", "mismatch"},  // a raw string: its column is never asked
                                                    {"malformed", "malformed"},
                                                    {"implementation_error", "match"}};  // what others get wrong
  const Json data = vectors("activepieces");
  for (const Json& vector : data.at("vectors")) {
    INFO(vector.at("id"));
    CHECK(word(tried("activepieces", texts({{"key", vector.at("key")}}), stored_activepieces(vector)).outcome) ==
          verdicts.at(vector.at("verdict")));
  }
  for (const Json& shape : data.at("key_shape")) {
    INFO(shape.at("case"));
    CHECK(Json(problem("activepieces", texts({{"key", shape.at("key")}})) == "") == shape.at("accepted_by_startup_check"));
  }
  CHECK(problem("activepieces", texts({{"key", "too short"}})) == "the key must be 32 letters and digits, and has 9 characters");
}

TEST_CASE("appstrate opens stored credentials by the key that they name") {
  const Json data = vectors("appstrate");
  for (const Json& vector : data.at("connection")) {
    INFO(vector.at("id"));
    KeyTexts keys = appstrate(data.at("keyrings").at(vector.at("keyring").get<std::string>()));
    CHECK(Json(word(tried("appstrate", keys, vector.at("value")).outcome)) == vector.at("verdict"));
  }
  CHECK(tried("appstrate", appstrate(data.at("keyrings").at("only-k2")), by_id(data.at("connection"), "conn-basic").at("value")).key ==
        "k1");
  for (const Json& text : data.at("key_texts")) {
    INFO(text.at("id"));
    CHECK(Json(problem("appstrate", texts({{"key", text.at("text")}})) == "") == text.at("valid"));
  }
}

TEST_CASE("appstrate says what is wrong with a key ring, and shows no key") {
  const std::string key = vectors("appstrate").at("keyrings").at("one-k1").at("k1");
  CHECK(problem("appstrate", texts({{"key", "short"}})) == "the key must be 32 bytes in base64");
  CHECK(problem("appstrate", texts({{"key", key}, {"id", "k 1"}})) == "the id of the key must be at most 32 letters, digits, _ and -");
  CHECK(problem("appstrate", texts({{"key", key}, {"retired", "[]"}})) == "the retired keys must be a JSON object of base64 by id");
  CHECK(problem("appstrate", texts({{"key", key}, {"retired", "{\"k0\": \"x\"}"}})) == "the retired key k0 must be 32 bytes in base64");
  CHECK(problem("appstrate", texts({{"key", key}, {"retired", "{\"k1\": \"" + key + "\"}"}})) ==
        "the retired keys hold the active key k1 too");
}

TEST_CASE("better-auth opens the private keys of the active secret alone") {
  for (const Json& vector : vectors("appstrate").at("better_auth")) {
    INFO(vector.at("id"));
    CHECK(Json(word(tried("better-auth", better_auth(vector.at("env")), vector.at("column")).outcome)) == vector.at("verdict"));
  }
}

TEST_CASE("every scheme refuses a wrong key, a cut text, a flipped bit and no text") {
  for (const Sample& sample : samples()) {
    INFO(sample.scheme);
    CHECK(tried(sample.scheme, sample.keys(), sample.stored).outcome == TrialOutcome::opened);
    KeyTexts wrong = sample.keys();
    wrong[sample.key_name] = SecretBytes(sample.key_like(std::string(32, 'w')));
    CHECK(tried(sample.scheme, wrong, sample.stored).outcome == TrialOutcome::failed);

    std::string flipped = sample.stored;
    char& digit = flipped[last_data(flipped)];
    digit = digit == '0' ? '1' : '0';
    CHECK(tried(sample.scheme, sample.keys(), flipped).outcome == TrialOutcome::failed);

    Opening opening = SchemeRegistry().at(sample.scheme).prepare(sample.keys());
    for (size_t size = 0; size <= last_data(sample.stored); ++size)
      if (opening.opener->open(sample.stored.substr(0, size)).outcome == TrialOutcome::opened)
        FAIL_CHECK("opened when cut to " << size << " of " << sample.stored.size());
    CHECK(tried(sample.scheme, sample.keys(), "").outcome == TrialOutcome::empty);
  }
}

TEST_CASE("what the fuzzer has found in stored values gets an outcome in every scheme") {
  for (const Sample& sample : samples())
    for (const auto& entry : std::filesystem::directory_iterator(PLAYBOOK_SOURCE_DIR "/tests/fuzz/corpus/stored_value")) {
      INFO(sample.scheme << ", " << entry.path());
      CHECK(word(tried(sample.scheme, sample.keys(), read_file(entry.path())).outcome) != "");
    }
}

TEST_CASE("50 random wrong keys open nothing, in any scheme") {
  for (const Sample& sample : samples()) {
    INFO(sample.scheme);
    std::set<TrialOutcome> outcomes;
    for (int i = 0; i < 50; ++i) {
      std::string random(32, '\0');
      RAND_bytes(reinterpret_cast<unsigned char*>(random.data()), 32);
      KeyTexts wrong = sample.keys();
      wrong[sample.key_name] = SecretBytes(sample.key_like(random));
      outcomes.insert(tried(sample.scheme, wrong, sample.stored).outcome);
    }
    CHECK(outcomes == std::set{TrialOutcome::failed});
  }
}

TEST_CASE("20,000 random wrong keys open nothing, in any scheme", "[.][keys][exhaustive]") {
  for (const Sample& sample : samples()) {
    INFO(sample.scheme);
    int opened = 0;
    for (int i = 0; i < 20000; ++i) {
      std::string random(32, '\0');
      RAND_bytes(reinterpret_cast<unsigned char*>(random.data()), 32);
      KeyTexts wrong = sample.keys();
      wrong[sample.key_name] = SecretBytes(sample.key_like(random));
      opened += tried(sample.scheme, wrong, sample.stored).outcome == TrialOutcome::opened;
    }
    CHECK(opened == 0);
  }
}

TEST_CASE("a scheme without a tag says how likely chance is to fool it") {
  CHECK(padding_and_text_chance(16) < 1e-5);
  CHECK(padding_and_text_chance(16) > 1e-7);
  CHECK(padding_and_text_chance(64) < 1e-12);
  for (const Sample& sample : samples()) {
    INFO(sample.scheme);
    bool authenticated = sample.scheme != "appsmith-v1" && sample.scheme != "activepieces";
    CHECK((tried(sample.scheme, sample.keys(), sample.stored).chance == 0) == authenticated);
  }
}

TEST_CASE("an unknown scheme is refused by name") {
  CHECK_THROWS_WITH(SchemeRegistry().at("appsmith-v3"), "there is no key scheme \"appsmith-v3\"; did you mean \"appsmith-v1\"?");
}
