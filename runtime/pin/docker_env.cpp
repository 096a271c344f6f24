#include "runtime/pin/docker_env.h"

#include <algorithm>
#include <cctype>

#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/base/text.h"
#include "runtime/pin/text_place.h"

namespace playbook {
namespace {

constexpr std::string_view kJvmOptions[] = {"APPSMITH_JAVA_ARGS", "APPSMITH_JAVA_HEAP_ARG", "JAVA_OPTS",    "JAVA_OPTS_APPEND",
                                            "JAVA_TOOL_OPTIONS",  "JDK_JAVA_OPTIONS",       "_JAVA_OPTIONS"};
constexpr std::string_view kFamilies[] = {"APPSMITH_", "MONGO_", "KEYCLOAK_"};
constexpr std::string_view kOthers[] = {"HTTP_PROXY",
                                        "HTTPS_PROXY",
                                        "NO_PROXY",
                                        "http_proxy",
                                        "https_proxy",
                                        "no_proxy",
                                        "NEW_RELIC_LICENSE_KEY",
                                        "NEW_RELIC_APP_NAME",
                                        "JGROUPS_DISCOVERY_PROTOCOL",
                                        "FILESTORE_IP_ADDRESS",
                                        "FILE_SHARE_NAME",
                                        "PORT"};

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }
bool is_blank(char c) { return c == ' ' || c == '\t'; }

template <typename List>
bool has(const List& list, std::string_view word) {
  return std::find(std::begin(list), std::end(list), word) != std::end(list);
}

bool is_name(std::string_view name) {
  for (std::string_view family : kFamilies)
    if (name.starts_with(family) && name.size() > family.size()) return std::all_of(name.begin(), name.end(), is_word);
  return has(kOthers, name);
}

// What makes `$` an expression. A character beyond ASCII may be a letter to Python, so it is taken for one.
bool begins_expression(char c, bool quoted) {
  const bool named =
      is_word(c) || static_cast<unsigned char>(c) >= 0x80 || std::string_view("{([*@#?-$!").find(c) != std::string_view::npos;
  return named || (!quoted && (c == '"' || c == '\''));
}

struct Refusal {
  size_t at;  // in the line
  const char* why;
  const char* hint;
};
constexpr const char* kLiteral = "write the value itself; single quotes take every character literally";

// The value that `raw` stands for. Throws Refusal.
std::string value_of(std::string_view raw) {
  std::string value;
  char quote = 0;
  for (size_t i = 0; i < raw.size(); ++i) {
    const char c = raw[i];
    const bool last = i + 1 == raw.size();
    if (quote == '\'') {
      if (c == quote)
        quote = 0;
      else
        value += c;
    } else if (quote != 0 && c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else if (c == '\\') {
      if (last) throw Refusal{i, "a backslash has nothing to escape", kLiteral};
      if (quote == 0 || std::string_view("\\\"$`").find(raw[i + 1]) != std::string_view::npos)
        value += raw[++i];
      else
        value += c;
    } else if (quote == 0 && is_blank(c)) {
      const size_t next = raw.find_first_not_of(" \t", i);
      if (next != std::string_view::npos && raw[next] != '#')
        throw Refusal{i, "a space in a value without quotes", "put the value in quotes"};
      break;
    } else if (c == '`' || (c == '$' && !last && begins_expression(raw[i + 1], quote != 0)) ||
               (quote == 0 && c == '~' && (i == 0 || raw[i - 1] == ':'))) {
      throw Refusal{i, "an expression of the shell, which Appsmith does not evaluate", kLiteral};
    } else {
      value += c;
    }
  }
  if (quote != 0) throw Refusal{raw.size(), "a quote has no end", "close it on the same line"};
  return value;
}

// Python's str.strip() takes the ASCII separators too; wider white space makes a line that is refused here and skipped there.
bool is_space(char c) { return is_blank(c) || (c >= '\n' && c <= '\r') || (c >= '\x1c' && c <= '\x1f'); }

class DockerEnvReader {
 public:
  DockerEnvReader(std::string_view text, const std::string& name) : text_(text), name_(name) {}

  DockerEnv read() {
    if (!is_utf8(text_)) throw Error(Code::dotenv_invalid, name_ + ": it is not UTF-8, so that Appsmith does not start with it");
    for (size_t begin = 0; begin < text_.size();) {
      size_t end = std::min(text_.find_first_of("\r\n", begin), text_.size());
      line(text_.substr(begin, end - begin), begin);
      begin = end + (text_.substr(end, 2) == "\r\n" ? 2 : 1);
    }
    return std::move(file_);
  }

 private:
  [[noreturn]] void refuse(size_t at, const std::string& who, const std::string& why, const std::string& hint) const {
    throw Error(Code::dotenv_invalid, name_ + ":" + text_place(text_, at) + ": " + (who.empty() ? why : who + ": " + why), hint);
  }

  void line(std::string_view line, size_t begin) {
    const auto first = std::find_if_not(line.begin(), line.end(), is_space);
    if (first == line.end() || *first == '#') return;
    const size_t equals = line.find('=');
    if (equals == std::string_view::npos) refuse(begin, "", "a line without =; expected NAME=value", "correct or comment out this line");
    const std::string name(line.substr(0, equals));
    if (has(kJvmOptions, name)) {
      const std::string_view given = trim(line.substr(equals + 1));
      if (given != "" && given != "''" && given != "\"\"") file_.ignored.push_back(name);
      return;
    }
    if (!is_name(name))
      refuse(begin, "", "a name that Appsmith does not take from this file",
             "it takes APPSMITH_*, MONGO_*, KEYCLOAK_* and proxies; set others on the container");
    const auto control = std::find_if(line.begin(), line.end(), [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; });
    if (control != line.end()) refuse(begin + static_cast<size_t>(control - line.begin()), name, "a control character", "take it out");
    try {
      file_.values[name] = value_of(line.substr(equals + 1));
    } catch (const Refusal& refusal) {
      refuse(begin + equals + 1 + refusal.at, name, refusal.why, refusal.hint);
    }
  }

  const std::string_view text_;
  const std::string& name_;
  DockerEnv file_;
};

}  // namespace

DockerEnv parse_docker_env(std::string_view text, const std::string& name) { return DockerEnvReader(text, name).read(); }

Json secret_from_docker_env(const std::string& path, const std::string& name) {
  return {{"type", "secret"}, {"source", "docker_env"}, {"path", path}, {"name", name}};
}

void add_docker_env_source(SecretStore& store) {
  store.add_source("docker_env", [](const Json& reference) {
    const std::string path = get_or<std::string>(reference, "path", ""), name = get_or<std::string>(reference, "name", "");
    const std::optional<std::string> text = try_read_file(path);
    if (!text) throw Error(Code::secret_missing, path + " does not exist", "create it, then run this again");
    DockerEnv file = parse_docker_env(*text, path);
    const auto found = file.values.find(name);
    if (found == file.values.end())
      throw Error(Code::secret_missing, path + " has no " + name, "set " + name + " there, then run this again");
    return std::move(found->second);
  });
}

}  // namespace playbook
