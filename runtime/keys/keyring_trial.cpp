#include "runtime/keys/keyring_trial.h"

#include <algorithm>
#include <cstdio>

#include "runtime/base/text.h"

namespace playbook {
namespace {

constexpr size_t kFailingShown = 5;   // row ids of a place
constexpr size_t kExamples = 20;      // values by which mistakes are looked for
constexpr size_t kLongestValue = 64;  // of a row id, in what is shown

std::string number(std::uint64_t count, const char* one, const char* many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

std::string scientific(double chance) {
  if (chance < 1e-12) return "less than 1e-12";
  char text[16];
  std::snprintf(text, sizeof text, "%.0e", chance);
  return text;
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
  if (!opening_.opener) {  // a key of the wrong shape may be the right one, mistaken
    if (examples_.size() < kExamples && !value.text.empty()) examples_.emplace_back(value.text);
    return;
  }
  const Trial trial = opening_.opener->open(value.text);
  switch (trial.outcome) {
    case TrialOutcome::opened:
      ++tally.opened, ++keys_[trial.key], chance_ *= trial.chance;
      tagged_ = tagged_ && trial.chance == 0;
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
  keep_failing(tally, value, trial);
}

void KeyringTrial::keep_failing(Tally& tally, const StoredValue& value, const Trial& trial) {
  const std::string id = to_utf8(value.id.substr(0, kLongestValue));
  if (tally.failing.size() < kFailingShown) tally.failing.push_back(id);
  if (first_failing_.empty() && trial.outcome == TrialOutcome::failed) first_failing_ = std::string(value.place) + " of row " + id;
  if (trial.outcome != TrialOutcome::unknown_key) return;
  std::vector<std::string>& asking = tally.asking[trial.key];
  if (asking.size() < kFailingShown) asking.push_back(id);
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
    if (!tally.asking.empty()) item["asking"] = tally.asking;
    places.push_back(std::move(item));
  }
  std::string verdict = all.tried() == 0 || !unreadable_.empty() ? "unknown"
                        : all.opened == all.tried()              ? "match"
                        : all.opened == 0                        ? "mismatch"
                                                                 : "partial";
  note_public_keys();
  learn_mistakes(all.opened == 0);
  Json result = all.to_json();
  result["scheme"] = scheme_.name(), result["verdict"] = verdict, result["text"] = text(all, verdict);
  for (const auto& [key, opened] : keys_)
    if (!key.empty()) keys[key] = opened;
  for (const auto& [key, values] : missing_keys_) missing[key] = values;
  result["keys"] = keys, result["missing_keys"] = missing, result["places"] = places, result["notes"] = notes_;
  if (all.opened > 0 && !tagged_) result["false_accept"] = chance_;
  return result;
}

std::string KeyringTrial::text(const Tally& all, const std::string& verdict) const {
  std::string said = scheme_.name() + ": ";
  if (!opening_.problem.empty())
    said += opening_.problem;
  else if (!unreadable_.empty())
    said += unreadable_;
  else if (places_.empty())
    said += "nothing to try, no such column is there";
  else if (verdict == "unknown")
    said += "nothing to try among " + number(all.values, "stored value", "stored values");
  else if (verdict == "mismatch")
    said += "none of " + number(all.tried(), "stored value opens", "stored values opens");
  else
    said += std::to_string(all.opened) + " of " + number(all.tried(), "stored value opens", "stored values open");
  if (keys_.size() > 1 || (verdict == "partial" && !keys_.empty() && !keys_.begin()->first.empty())) {
    std::vector<std::string> under;
    for (const auto& [key, opened] : keys_) under.push_back(std::to_string(opened) + " under " + key);
    said += " (" + join(under, ", ") + ")";
  }
  if (all.opened > 0 && !tagged_) said += ", which a wrong key would do by chance " + scientific(chance_);
  for (const auto& [key, values] : missing_keys_)
    said += ", " + number(values, "asks", "ask") + " for key " + key + ", which is not given: " + rows_asking(key);
  if (all.failed > 0) said += ", first of those that do not is " + first_failing_;
  if (all.malformed > 0) said += ", " + number(all.malformed, "value is", "values are") + " none of this scheme";
  for (const std::string& note : notes_) said += "; " + note;
  return said;
}

// `credentials_encrypted of row i2, i5, ...`
std::string KeyringTrial::rows_asking(const std::string& key) const {
  std::vector<std::string> texts;
  for (const auto& [place, tally] : places_)
    if (auto found = tally.asking.find(key); found != tally.asking.end())
      texts.push_back(place + " of row " + join(found->second, ", ") + (tally.unknown_key > found->second.size() ? ", ..." : ""));
  return join(texts, "; ");
}

bool KeyringTrial::any_opens(const KeyTexts& texts) const {
  Opening opening = scheme_.prepare(texts);
  return opening.opener && std::any_of(examples_.begin(), examples_.end(), [&](const std::string& stored) {
           return opening.opener->open(stored).outcome == TrialOutcome::opened;
         });
}

void KeyringTrial::learn_mistakes(bool none_opens) {
  if (examples_.empty()) return;
  for (SuspectedKeys& mended : mended_keys(scheme_, texts_)) suspects_.push_back(std::move(mended));
  for (const SuspectedKeys& suspected : suspects_)
    if (any_opens(suspected.texts)) notes_.push_back((none_opens ? "they open with " : "others open with ") + suspected.what);
}

void KeyringTrial::note_public_keys() {
  for (const KeyText& key : scheme_.keys())
    if (!key.public_example.empty() && text_of(texts_, key.name).starts_with(key.public_example))
      notes_.push_back("the " + key.name + " is the public one of the vendor's own example");
}

}  // namespace playbook
