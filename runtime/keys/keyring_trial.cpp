#include "runtime/keys/keyring_trial.h"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <optional>

#include "runtime/base/text.h"
#include "runtime/keys/cipher.h"

namespace playbook {
namespace {

constexpr size_t kFailingShown = 5;   // row ids of a place
constexpr size_t kExamples = 20;      // values by which mistakes are looked for
constexpr size_t kLongestValue = 64;  // of a row id, in what is shown

std::string number(std::uint64_t count, const char* one, const char* many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

std::string scientific(double chance) {
  char text[16];
  std::snprintf(text, sizeof text, "%.0e", chance);
  return text;
}

// What people do to a key on its way from one file to another, taken back.
struct Mistake {
  const char* what;
  std::function<std::optional<SecretBytes>(std::string_view)> mend;
};

std::optional<SecretBytes> unless_same(std::string_view before, std::string_view after) {
  if (before == after || after.empty()) return std::nullopt;
  return SecretBytes(after);
}

const std::vector<Mistake>& mistakes() {
  static const std::vector<Mistake> kMistakes{
      {"without the white space around it", [](std::string_view key) { return unless_same(key, trim(key)); }},
      {"with a final newline", [](std::string_view key) { return std::optional(SecretBytes(std::string(key) + "\n")); }},
      {"without its quotes",
       [](std::string_view key) -> std::optional<SecretBytes> {
         bool quoted = key.size() > 2 && (key[0] == '"' || key[0] == '\'') && key.back() == key[0];
         if (!quoted) return std::nullopt;
         return SecretBytes(key.substr(1, key.size() - 2));
       }},
      {"as the bytes that it is the hex of",
       [](std::string_view key) -> std::optional<SecretBytes> {
         std::optional<std::string> bytes = key.empty() ? std::nullopt : hex_decoded(key);
         if (!bytes) return std::nullopt;
         return SecretBytes::taken_from(*bytes);
       }},
      {"written in hex", [](std::string_view key) { return std::optional(SecretBytes(hex_encoded(key))); }},
      {"as the bytes that it is the base64 of", [](std::string_view key) { return key.empty() ? std::nullopt : base64_decoded(key); }},
  };
  return kMistakes;
}

KeyTexts copy_of(const KeyTexts& texts) {
  KeyTexts copy;
  for (const auto& [name, text] : texts) copy.emplace(name, text.copy());
  return copy;
}

}  // namespace

KeyringTrial::KeyringTrial(const Scheme& scheme, KeyTexts texts, std::string problem) : scheme_(scheme), texts_(std::move(texts)) {
  if (problem.empty())
    opening_ = scheme.prepare(texts_);
  else
    opening_.problem = std::move(problem);
}

void KeyringTrial::Tally::add(const Tally& other) {
  values += other.values, opened += other.opened, failed += other.failed, unknown_key += other.unknown_key;
  malformed += other.malformed, plain += other.plain, empty += other.empty;
}

Json KeyringTrial::Tally::to_json() const {
  return {{"values", values},           {"tried", tried()},       {"opened", opened}, {"failed", failed},
          {"unknown_key", unknown_key}, {"malformed", malformed}, {"plain", plain},   {"empty", empty}};
}

void KeyringTrial::add(const StoredValue& value) {
  auto found = places_.find(value.place);
  Tally& tally = found == places_.end() ? places_[std::string(value.place)] : found->second;
  ++tally.values;
  if (!opening_.opener) return;
  Trial trial = opening_.opener->open(value.text);
  switch (trial.outcome) {
    case TrialOutcome::opened:
      ++tally.opened, ++keys_[trial.key], chance_ *= trial.chance;
      return;
    case TrialOutcome::empty:
      ++tally.empty;
      return;
    case TrialOutcome::plain:
      ++tally.plain;
      return;
    case TrialOutcome::failed:
      ++tally.failed;
      if (examples_.size() < kExamples) examples_.emplace_back(value.text);
      break;
    case TrialOutcome::unknown_key:
      ++tally.unknown_key, ++missing_keys_[trial.key];
      break;
    case TrialOutcome::malformed:
      ++tally.malformed;
      break;
  }
  const std::string id = to_utf8(value.id.substr(0, kLongestValue));
  if (tally.failing.size() < kFailingShown) tally.failing.push_back(id);
  if (first_failing_.empty() && trial.outcome != TrialOutcome::malformed) first_failing_ = std::string(value.place) + " of row " + id;
}

void KeyringTrial::count(const std::string& place, std::uint64_t values) { places_[place].values = values; }

Json KeyringTrial::verdict() {
  Tally all;
  Json places = Json::array(), keys = Json::object(), missing = Json::object();
  for (const auto& [place, tally] : places_) {
    all.add(tally);
    Json item = tally.to_json();
    item["place"] = place;
    if (!tally.failing.empty()) item["failing"] = tally.failing;
    places.push_back(std::move(item));
  }
  std::string verdict = all.tried() == 0 ? "unknown" : all.opened == all.tried() ? "match" : all.opened == 0 ? "mismatch" : "partial";
  note_public_keys();
  if (all.opened == 0) learn_mistakes();
  Json result = all.to_json();
  result["scheme"] = scheme_.name(), result["verdict"] = verdict, result["text"] = text(all, verdict);
  for (const auto& [key, opened] : keys_)
    if (!key.empty()) keys[key] = opened;
  for (const auto& [key, values] : missing_keys_) missing[key] = values;
  result["keys"] = keys, result["missing_keys"] = missing, result["places"] = places, result["notes"] = notes_;
  if (all.opened > 0 && chance_ > 0) result["false_accept"] = chance_;
  return result;
}

std::string KeyringTrial::text(const Tally& all, const std::string& verdict) const {
  std::string said = scheme_.name() + ": ";
  if (!opening_.problem.empty())
    said += opening_.problem;
  else if (places_.empty())
    said += "nothing to try, no such column is there";
  else if (verdict == "unknown")
    said += "nothing to try among " + number(all.values, "stored value", "stored values");
  else if (verdict == "mismatch")
    said += "none of " + number(all.tried(), "stored value opens", "stored values opens");
  else
    said += std::to_string(all.opened) + " of " + number(all.tried(), "stored value opens", "stored values open");
  for (const auto& [key, values] : missing_keys_) said += ", " + number(values, "asks", "ask") + " for key " + key + ", which is not given";
  if (!first_failing_.empty()) said += ", first of those that do not is " + first_failing_;
  if (all.malformed > 0) said += ", " + number(all.malformed, "value is", "values are") + " none of this scheme";
  if (all.opened > 0 && chance_ > 1e-12) said += ", which a wrong key would do by chance " + scientific(chance_);
  for (const std::string& note : notes_) said += "; " + note;
  return said;
}

bool KeyringTrial::any_opens(const KeyTexts& texts) const {
  Opening opening = scheme_.prepare(texts);
  return opening.opener && std::any_of(examples_.begin(), examples_.end(), [&](const std::string& stored) {
           return opening.opener->open(stored).outcome == TrialOutcome::opened;
         });
}

void KeyringTrial::learn_mistakes() {
  if (examples_.empty()) return;
  std::vector<std::string> required;
  for (const KeyText& key : scheme_.keys())
    if (key.required) required.push_back(key.name);
  for (const std::string& name : required)
    for (const Mistake& mistake : mistakes()) {
      std::optional<SecretBytes> mended = mistake.mend(text_of(texts_, name));
      if (!mended) continue;
      KeyTexts others = copy_of(texts_);
      others[name] = *std::move(mended);
      if (any_opens(others)) notes_.push_back("they open with the " + name + " " + mistake.what);
    }
  if (required.size() == 2) {
    KeyTexts swapped = copy_of(texts_);
    std::swap(swapped[required[0]], swapped[required[1]]);
    if (any_opens(swapped)) notes_.push_back("they open with " + required[0] + " and " + required[1] + " exchanged");
  }
}

void KeyringTrial::note_public_keys() {
  for (const KeyText& key : scheme_.keys())
    if (!key.public_example.empty() && text_of(texts_, key.name).starts_with(key.public_example))
      notes_.push_back("the " + key.name + " is the public one of the vendor's own example");
}

}  // namespace playbook
