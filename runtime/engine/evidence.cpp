#include "runtime/engine/evidence.h"

#include <algorithm>
#include <fstream>

#include "runtime/base/file.h"
#include "runtime/base/text.h"

namespace playbook {
namespace {

constexpr std::streamoff kTailBytes = 64 << 10;

std::string tail(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary | std::ios::ate);
  if (!stream) return "";
  std::streamoff size = stream.tellg();
  stream.seekg(std::max<std::streamoff>(0, size - kTailBytes));
  std::string text(std::istreambuf_iterator<char>(stream), {});
  if (size > kTailBytes) text.erase(0, text.find('\n') + 1);  // half a line may hold half a secret, which nobody would recognise
  return text;
}

// A family names its files freely; they stay in the folder.
std::string file_name(std::string name) {
  std::replace(name.begin(), name.end(), '/', '-');
  return name.empty() || name[0] == '.' ? "_" + name : name;
}

std::string text_of(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return value.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  std::string text;
  for (const Json& line : value) text += (line.is_string() ? line.get<std::string>() : canonical(line)) + "\n";
  return text;
}

}  // namespace

std::vector<std::string> collect_evidence(Actions& actions, const Json& instance, const Json& texts, const Error& error) {
  const RunEnvironment& environment = actions.environment();
  std::filesystem::path folder = environment.run_folder / "evidence";
  std::vector<std::string> names;
  auto keep = [&](const std::string& name, const std::string& text) {
    replace_file(folder / name, environment.redactor->apply(to_utf8(text)), 0600);
    names.push_back(name);
  };
  try {
    make_folder(folder);
    keep("error.json", error.to_json().dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
    for (const Json& log : get_or(instance, "logs", Json::array())) {
      std::filesystem::path file = environment.instance / log.get<std::string>();
      keep(file.filename().string(), tail(file));
    }
    if (texts.is_object())
      for (const auto& [name, text] : texts.items()) keep(file_name(name), text_of(text));
    actions.events().emit("evidence", {{"folder", folder.string()}, {"files", names}});
  } catch (const std::exception& failure) {
    actions.events().emit("log", {{"level", "warning"}, {"line", std::string("evidence is incomplete: ") + failure.what()}});
  }
  return names;
}

}  // namespace playbook
