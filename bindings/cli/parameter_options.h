// The parameters of a playbook as options of the command: declared by the playbook, checked and turned into plain values here.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "bindings/api/playbook.h"
#include "bindings/cli/option_set.h"

namespace playbook::cli {

class ParameterOptions {
 public:
  /// Adds one option for each parameter, in a group of its own in the help: `copy_to` becomes `--copy-to`.
  /// Throws `script.invalid` where a parameter has the name of an option that `options` has already.
  ParameterOptions(const Definition& definition, OptionSet& options);
  ~ParameterOptions();
  ParameterOptions(const ParameterOptions&) = delete;
  ParameterOptions& operator=(const ParameterOptions&) = delete;

  /// After parsing: the given values by parameter name. Throws `argument.invalid` that names the option, what was expected and found.
  /// Relative paths are taken from `folder`, because a person types them there.
  Json values(const std::filesystem::path& folder) const;

 private:
  struct Option;
  std::vector<std::unique_ptr<Option>> given_;
};

/// One value from the command line. Throws `argument.invalid`.
Json parse_value(const PlaybookParameter& parameter, const std::string& text, const std::filesystem::path& folder);

/// `90`, `250ms`, `90s`, `5m`, `1.5h` as seconds; nothing when it is none.
std::optional<double> parse_duration(const std::string& text);

/// `--copy-to`
std::string option_name(const PlaybookParameter& parameter);

}  // namespace playbook::cli
