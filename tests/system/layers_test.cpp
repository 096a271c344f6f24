// The house stands on its floors: what a folder includes is what its CMake target names, and nothing in runtime/ knows Lua.
#include <filesystem>
#include <map>
#include <regex>
#include <set>

#include "runtime/base/file.h"
#include "tests/support/catch.h"

namespace fs = std::filesystem;
using namespace playbook;

namespace {

using Layers = std::map<std::string, std::set<std::string>>;  // folder -> folders that it may include

std::string folder_of(const std::string& target) {
  std::string name = target.substr(std::string("playbook_").size());
  return name == "lua" || name == "api" || name == "cli" ? "bindings/" + name : "runtime/" + name;
}

/// From `playbook_library(NAME DEPENDS ...)`, transitively.
Layers declared() {
  Layers direct;
  for (const char* root : {"runtime", "bindings"})
    for (const auto& entry : fs::directory_iterator(fs::path(PLAYBOOK_SOURCE_DIR) / root)) {
      std::string text = try_read_file(entry.path() / "CMakeLists.txt").value_or("");
      std::smatch call;
      if (!std::regex_search(text, call, std::regex(R"(playbook_library\((playbook_\w+) DEPENDS ([^)]*)\))"))) continue;
      std::set<std::string>& may = direct[folder_of(call[1])];
      may.insert(folder_of(call[1]));
      std::string depends = call[2];
      const std::regex target("playbook_\\w+");
      for (std::sregex_iterator it(depends.begin(), depends.end(), target), end; it != end; ++it) may.insert(folder_of(it->str()));
    }
  for (bool grown = true; grown;) {
    grown = false;
    for (auto& [folder, may] : direct)
      for (const std::string& other : std::set<std::string>(may))
        for (const std::string& further : direct[other]) grown = may.insert(further).second || grown;
  }
  return direct;
}

struct Include {
  std::string file, folder, what;
};

std::vector<Include> includes(const char* root) {
  std::vector<Include> all;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(PLAYBOOK_SOURCE_DIR) / root)) {
    if (entry.path().extension() != ".h" && entry.path().extension() != ".cpp") continue;
    std::string file = entry.path().lexically_relative(PLAYBOOK_SOURCE_DIR).string(), text = read_file(entry.path());
    std::string folder = file.substr(0, file.find('/', file.find('/') + 1));
    const std::regex line("#include [\"<]([^\">]+)[\">]");
    for (std::sregex_iterator it(text.begin(), text.end(), line), end; it != end; ++it) all.push_back({file, folder, (*it)[1]});
  }
  return all;
}

}  // namespace

TEST_CASE("a folder includes only what its target depends on") {
  Layers layers = declared();
  REQUIRE(layers.size() == 14);
  for (const char* root : {"runtime", "bindings"})
    for (const Include& include : includes(root)) {
      if (!include.what.starts_with("runtime/") && !include.what.starts_with("bindings/")) continue;
      std::string wanted = include.what.substr(0, include.what.find('/', include.what.find('/') + 1));
      INFO(include.file << " includes " << include.what);
      CHECK(layers[include.folder].contains(wanted));
    }
}

TEST_CASE("dependencies run one way") {
  Layers layers = declared();
  for (const auto& [folder, may] : layers)
    for (const std::string& other : may)
      if (other != folder) {
        INFO(folder << " and " << other << " depend on each other");
        CHECK_FALSE(layers[other].contains(folder));
      }
}

TEST_CASE("nothing in the runtime knows Lua") {
  for (const Include& include : includes("runtime")) {
    INFO(include.file << " includes " << include.what);
    CHECK_FALSE(std::regex_search(include.what, std::regex("lua", std::regex::icase)));
  }
}
