#include "runtime/pin/service_variables.h"

#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/base/text.h"
#include "runtime/pin/compose_environment.h"
#include "runtime/pin/dotenv.h"

namespace playbook {
namespace fs = std::filesystem;
namespace {

/// Words of a unit's value: blanks part them, quotes hold them together, a backslash takes the next character as it is.
std::vector<std::string> words_of(std::string_view value) {
  std::vector<std::string> words;
  bool open = false;
  char quote = 0;
  for (size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    if (!quote && (c == ' ' || c == '\t')) {
      open = false;
      continue;
    }
    if (!open) words.emplace_back(), open = true;
    if (quote ? c == quote : c == '"' || c == '\'') {
      quote = quote ? 0 : c;
    } else {
      words.back() += c == '\\' && i + 1 < value.size() ? value[++i] : c;
    }
  }
  return words;
}

/// Lines of [Service] without comments, those that a backslash continues joined.
std::vector<std::string> service_lines(const std::string& text) {
  std::vector<std::string> lines;
  bool in_service = false, goes_on = false;
  for (const std::string& raw : split(text, '\n')) {
    std::string line(trim(raw));
    if (line.starts_with('#') || line.starts_with(';')) continue;
    const bool continued = line.ends_with('\\');
    if (continued) line.pop_back();
    if (!goes_on && line.starts_with('[')) {
      in_service = line == "[Service]";
    } else if (in_service && goes_on) {
      lines.back() += " " + line;
    } else if (in_service) {
      lines.push_back(line);
    }
    goes_on = continued;
  }
  return lines;
}

struct Read {
  ServiceVariables variables;
  std::vector<std::string> env_files;  ///< as the units name them, with a `-` where one may be missing

  void unit(const fs::path& file) {
    for (const std::string& line : service_lines(read_file(file))) {
      const size_t equals = line.find('=');
      const std::string name(trim(line.substr(0, equals))), value(equals == std::string::npos ? "" : trim(line.substr(equals + 1)));
      if (name == "EnvironmentFile" && value.empty()) env_files.clear();
      if (name == "EnvironmentFile" && !value.empty()) env_files.push_back(value);
      if (name == "Environment" && value.empty()) variables.clear();
      if (name != "Environment") continue;
      for (const std::string& word : words_of(value))
        if (size_t at = word.find('='); at != std::string::npos) variables[word.substr(0, at)] = word.substr(at + 1);
    }
  }

  /// `docker-compose.yml#site`
  void service(const fs::path& named) {
    const std::string path = named.string();
    const size_t hash = path.rfind('#');
    for (const auto& [name, value] : compose_environment(path.substr(0, hash), path.substr(hash + 1))) variables[name] = value;
  }

  void env_file(const fs::path& file, bool may_be_missing) {
    const std::optional<std::string> text = try_read_file(file);
    if (!text && may_be_missing) return;
    if (!text) throw Error(Code::file_missing, file.string() + " does not exist", "correct the path where it is named");
    const Dotenv parsed = Dotenv::parse(*text, file.string());
    for (const Dotenv::Entry& entry : parsed.entries()) variables[entry.key] = parsed.get(entry.key).value_or("");
  }
};

}  // namespace

ServiceVariables service_variables(const std::vector<fs::path>& files) {
  Read read;
  auto is_unit = [](const fs::path& file) { return file.extension() == ".service" || file.extension() == ".conf"; };
  for (const fs::path& file : files)
    if (is_unit(file)) read.unit(file);
  for (const std::string& named : read.env_files) read.env_file(named.substr(named.starts_with('-') ? 1 : 0), named.starts_with('-'));
  for (const fs::path& file : files) {
    if (is_unit(file)) continue;
    if (file.filename().string().find('#') != std::string::npos)
      read.service(file);
    else
      read.env_file(file, false);
  }
  return read.variables;
}

}  // namespace playbook
