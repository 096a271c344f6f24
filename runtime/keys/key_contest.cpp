#include "runtime/keys/key_contest.h"

#include <algorithm>

#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace playbook {
namespace {

constexpr size_t kMostRows = 1000;
constexpr size_t kLongestId = 64;

bool same(const KeyTexts& a, const KeyTexts& b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](const auto& one, const auto& other) {
           return one.first == other.first && one.second.view() == other.second.view();
         });
}

}  // namespace

void KeyContest::Rows::add(const Rows& other) {
  values += other.values;
  for (const std::string& row : other.some)
    if (some.size() < kMostRows) some.push_back(row);
}

void KeyContest::enter(Json choice, KeyTexts texts) {
  for (const Candidate& candidate : candidates_)
    if (same(candidate.texts, texts)) return;
  if (candidates_.size() == kMostCandidates)
    throw Error(Code::argument_invalid,
                "more than " + std::to_string(kMostCandidates) + " keys of scheme " + scheme_.name() + " to choose from",
                "offer fewer at once");
  Opening opening = scheme_.prepare(texts);
  candidates_.push_back({std::move(choice), std::move(texts), std::move(opening)});
}

void KeyContest::add(const StoredValue& value) {
  Set opened = 0;
  bool tried = false;
  for (size_t i = 0; i < candidates_.size(); ++i) {
    if (!candidates_[i].opening.opener) continue;
    const TrialOutcome outcome = candidates_[i].opening.opener->open(value.text).outcome;
    tried = tried || outcome == TrialOutcome::failed || outcome == TrialOutcome::unknown_key;
    if (outcome != TrialOutcome::opened) continue;
    opened |= Set{1} << i;
    ++candidates_[i].opened;
  }
  if (opened == 0 && !tried) return;  // nothing that a key opens
  Rows& rows = opened_by_[opened];
  ++rows.values;
  if (rows.some.size() < kMostRows) rows.some.push_back(std::string(value.place) + " of row " + to_utf8(value.id.substr(0, kLongestId)));
}

Json KeyContest::result() const {
  Json candidates = Json::array();
  size_t best = 0, tied = 0;
  for (size_t i = 0; i < candidates_.size(); ++i) {
    const Candidate& one = candidates_[i];
    candidates.push_back({{"choice", one.choice}, {"opened", one.opened}});
    if (!one.opening.opener) candidates.back()["problem"] = one.opening.problem;
    if (one.opened > candidates_[best].opened)
      best = i, tied = 0;
    else if (i != best && one.opened == candidates_[best].opened)
      ++tied;
  }
  std::uint64_t tried = 0;
  std::map<size_t, Rows> others;  // by the first candidate that opens them
  Rows none;
  for (const auto& [opened, rows] : opened_by_) {
    tried += rows.values;
    if (opened == 0)
      none.add(rows);
    else if ((opened >> best & 1) == 0)
      others[static_cast<size_t>(__builtin_ctzll(opened))].add(rows);
  }
  Json result{{"scheme", scheme_.name()}, {"tried", tried},          {"candidates", candidates},
              {"tied", tied > 0},         {"others", Json::array()}, {"none", none.to_json()}};
  if (!candidates_.empty() && candidates_[best].opened > 0)
    result["best"] = {{"choice", candidates_[best].choice}, {"opened", candidates_[best].opened}};
  for (const auto& [index, rows] : others) {
    Json item = rows.to_json();
    item["choice"] = candidates_[index].choice;
    result["others"].push_back(std::move(item));
  }
  return result;
}

}  // namespace playbook
