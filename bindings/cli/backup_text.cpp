#include "bindings/cli/backup_text.h"

#include "bindings/cli/event_text.h"
#include "bindings/cli/terminal.h"

namespace playbook::cli {
namespace {

// `2026-11-21 07:13`, of an ISO time.
std::string minute_of(const std::string& iso) {
  std::string text = iso.substr(0, 16);
  if (text.size() == 16) text[10] = ' ';
  return text;
}

std::string proof_of(const Json& set) {
  const std::string verified = minute_of(text_of(set, "verified_at")), rehearsed = minute_of(text_of(set, "rehearsed_at"));
  if (verified.empty() && rehearsed.empty()) return "not proven";
  return (verified.empty() ? "" : "verified " + verified) + (verified.empty() || rehearsed.empty() ? "" : ", ") +
         (rehearsed.empty() ? "" : "rehearsed " + rehearsed);
}

std::string needed_text(const Json& set) {
  std::vector<std::string> runs;
  for (const Json runs_of_set = get_or<Json>(set, "needed_by", Json::array()); const Json& run : runs_of_set)
    runs.push_back(run.get<std::string>());
  return runs.empty() ? "" : "needed by " + join(runs, ", ");
}

}  // namespace

std::string set_list_text(const Json& sets) {
  if (!sets.is_array() || sets.empty()) return "no backup sets yet\n";
  std::vector<std::vector<std::string>> rows{{"SET", "VERSION", "SIZE", "PROOF", ""}};
  for (const Json& set : sets) {
    const std::string name = one_line(text_of(set, "name"));
    if (set.contains("problem"))
      rows.push_back({name, "", "", "CANNOT BE USED: " + one_line(text_of(set, "problem")), ""});
    else
      rows.push_back(
          {name, one_line(text_of(set, "version")), humane_bytes(get_or<std::uint64_t>(set, "bytes", 0)), proof_of(set), needed_text(set)});
  }
  return table(rows);
}

std::string verified_set_text(const Json& set) {
  const std::string parts = std::to_string(get_or<Json>(set, "parts", Json::array()).size());
  std::string text = one_line(text_of(set, "name")) + " is good: " + parts + (parts == "1" ? " part, " : " parts, ") +
                     humane_bytes(get_or<std::uint64_t>(set, "bytes", 0)) + "\n";
  for (const Json notes = get_or<Json>(set, "unchecked", Json::array()); const Json& note : notes)
    text += "  not checked: " + one_line(note.get<std::string>()) + "\n";
  return text;
}

}  // namespace playbook::cli
