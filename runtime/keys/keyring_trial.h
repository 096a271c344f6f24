// What the keys of one scheme open of what is stored under them: tries every value that it is given and judges.
//
//   match      every value that was tried opens
//   mismatch   none does
//   partial    some do: damaged values, or rows under a key that is no longer given
//   unknown    nothing to try, or no usable key; never to be taken for well
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "runtime/base/json.h"
#include "runtime/keys/mistakes.h"
#include "runtime/keys/scheme.h"
#include "runtime/keys/stored_values.h"

namespace playbook {

class KeyringTrial {
 public:
  /// `problem`: why there are no texts to try, such as a file that is missing; then the values are only counted.
  KeyringTrial(const Scheme& scheme, KeyTexts texts, std::string problem = "");

  void add(const StoredValue& value);
  /// How many values a place has, where only a sample was added.
  void count(const std::string& place, std::uint64_t values);
  /// What is stored could not be read, or not to its end: the verdict is `unknown`, whatever was opened.
  void cannot_read(std::string why) { unreadable_ = std::move(why); }
  /// Keys that may have been meant, beside those that are mended: said where they open what these do not.
  void suspect(std::string what, KeyTexts texts) { suspects_.push_back({std::move(what), std::move(texts)}); }
  /// Said with the verdict, whatever it is.
  void note(std::string what) { notes_.push_back(std::move(what)); }

  /// `{scheme, verdict, text, tried, opened, failed, unknown_key, malformed, plain, empty, keys={id=opened}, missing_keys={id=values},
  /// false_accept?, places=[{place, values, tried, opened, failed, ..., failing=[row ids], asking={key id=[row ids]}}], notes=[...]}`.
  /// `false_accept`: that a wrong key would have done the same; only of schemes without a tag. Looks for common mistakes where something
  /// does not open. No key, no plaintext.
  Json verdict();

 private:
  struct Tally {
    std::uint64_t values = 0, opened = 0, failed = 0, unknown_key = 0, malformed = 0, plain = 0, empty = 0;
    std::vector<std::string> failing;
    std::map<std::string, std::vector<std::string>> asking;  // for a key that is not given
    std::uint64_t tried() const { return opened + failed + unknown_key; }
    void add(const Tally& other);
    Json to_json() const;
  };
  void keep_failing(Tally& tally, const StoredValue& value, const Trial& trial);
  void learn_mistakes(bool none_opens);
  bool any_opens(const KeyTexts& texts) const;
  std::string rows_asking(const std::string& key) const;
  void note_public_keys();
  std::string text(const Tally& all, const std::string& verdict) const;

  const Scheme& scheme_;
  KeyTexts texts_;
  Opening opening_;
  std::map<std::string, Tally, std::less<>> places_;
  std::map<std::string, std::uint64_t> keys_, missing_keys_;
  std::vector<std::string> examples_;  // stored values that did not open, a few
  std::vector<SuspectedKeys> suspects_;
  std::string first_failing_, unreadable_;
  double chance_ = 1;
  bool tagged_ = true;  // what opened was authenticated
  std::vector<std::string> notes_;
};

}  // namespace playbook
