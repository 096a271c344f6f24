// The options of one command. CLI11 parses them; it stays behind this face, because its header takes seconds to compile and its texts
// differ between its versions. Parsing fills in the variables that were declared.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bindings/api/playbook.h"

namespace playbook::cli {

/// `argument.invalid`: the command was written wrongly.
Error usage_error(const std::string& message, const std::string& hint = "");

class OptionSet {
 public:
  enum class Repeat { once, many, commas };  ///< how often it may be given; commas: many, or a list

  /// `command`: as people write it, such as `playbook run`.
  explicit OptionSet(const std::string& command);
  ~OptionSet();
  OptionSet(const OptionSet&) = delete;
  OptionSet& operator=(const OptionSet&) = delete;

  /// What follows is listed under this title in the help; "" keeps it out of the help.
  void group(const std::string& title);
  /// An argument without a name.
  void word(const std::string& name, std::string& into);
  void flag(const std::string& name, bool& into, const std::string& help);
  /// `--careful` and `--no-careful`; `into` is empty, or holds "true" or "false".
  void toggle(const std::string& name, std::vector<std::string>& into, const std::string& help);
  void value(const std::string& name, std::string& into, const std::string& type, const std::string& help);
  void values(const std::string& name, std::vector<std::string>& into, const std::string& type, const std::string& help, Repeat repeat);

  /// Every mistake becomes `argument.invalid` that names the option, with "did you mean". Unknown words are passed over when
  /// `keep_unknown`.
  void parse(const std::vector<std::string>& arguments, bool keep_unknown);

  /// Long names with their dashes, in the order of declaration.
  std::vector<std::string> names() const;
  /// The groups with their options, aligned; the last group comes first, because a playbook's parameters matter most.
  std::string help() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace playbook::cli
