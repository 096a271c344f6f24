#include "runtime/engine/evidence.h"

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
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

}  // namespace

std::vector<std::string> collect_evidence(Actions& actions, const Json& instance, const Error& error) {
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
    actions.events().emit("evidence", {{"folder", folder.string()}, {"files", names}});
  } catch (const std::exception& failure) {
    actions.events().emit("log", {{"level", "warning"}, {"line", std::string("evidence is incomplete: ") + failure.what()}});
  }
  return names;
}

}  // namespace playbook
