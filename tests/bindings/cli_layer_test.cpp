// The command is the first embedder: it sees the runtime through bindings/api/playbook.h alone.
#include <filesystem>
#include <fstream>

#include "tests/support/catch.h"

TEST_CASE("the command includes nothing of the project but the API and itself") {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(PLAYBOOK_SOURCE_DIR) + "/bindings/cli")) {
    if (entry.path().extension() != ".cpp" && entry.path().extension() != ".h") continue;
    ++files;
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) {
      if (line.rfind("#include", 0) != 0 || line.find('<') != std::string::npos) continue;
      INFO(entry.path().filename() << ": " << line);
      const bool allowed = line == "#include \"bindings/api/playbook.h\"" || line.rfind("#include \"bindings/cli/", 0) == 0;
      CHECK(allowed);
    }
  }
  CHECK(files > 40);
}
