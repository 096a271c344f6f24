// Which of several keys of one scheme fits which of the stored values: for an instance whose keys got mixed up. The first candidate is what
// is in use; a candidate is better only where it opens more.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "runtime/base/json.h"
#include "runtime/keys/scheme.h"
#include "runtime/keys/stored_values.h"

namespace playbook {

class KeyContest {
 public:
  static constexpr size_t kMostCandidates = 64;

  explicit KeyContest(const Scheme& scheme) : scheme_(scheme) {}

  /// `choice` names it in the result. Equal keys take part once. Throws `argument.invalid` for one too many.
  void enter(Json choice, KeyTexts texts);
  void add(const StoredValue& value);

  /// `{scheme, tried, candidates=[{choice, opened, problem?}], best?={choice, opened}, tied, others=[{choice, values, rows}], none={values,
  /// rows}}`. `best` opens most, and is missing where none opens anything; `tied`: another one opens as many. `others`: what the best does
  /// not open and that choice does. `rows` are texts, `PLACE of row ID`, at most a thousand.
  Json result() const;

 private:
  using Set = std::uint64_t;  // of candidates, one bit each
  struct Candidate {
    Json choice;
    KeyTexts texts;
    Opening opening;
    std::uint64_t opened = 0;
  };
  struct Rows {
    std::uint64_t values = 0;
    std::vector<std::string> some;
    void add(const Rows& other);
    Json to_json() const { return {{"values", values}, {"rows", some}}; }
  };

  const Scheme& scheme_;
  std::vector<Candidate> candidates_;
  std::map<Set, Rows> opened_by_;
};

}  // namespace playbook
