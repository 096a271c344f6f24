// SIGKILL does not test a power cut: what was written and not synced survives it. So one run is traced, and the order of its system calls
// asserted.
#include <cstdlib>
#include <regex>
#include <sstream>

#include "runtime/base/file.h"
#include "tests/support/catch.h"
#include "tests/support/matrix/notes.h"
#include "tests/support/temp_folder.h"

namespace fs = std::filesystem;
using namespace playbook;
using namespace playbook::testing;

namespace {

/// Lines of strace -f -y that sync or rename, in order.
std::vector<std::string> trace_of_upgrade(const fs::path& instance, const fs::path& log) {
  std::string library = " --library " + (instance / "library").string();
  fs::create_directories(instance / "library/playbooks");
  fs::copy(fs::path(PLAYBOOK_SOURCE_DIR) / "tests/system/matrix/playbooks", instance / "library/playbooks", fs::copy_options::recursive);
  fs::copy(fs::path(PLAYBOOK_SOURCE_DIR) / "stdlib", instance / "library/stdlib", fs::copy_options::recursive);
  std::string command = "strace -f -y -e trace=fsync,fdatasync,rename,renameat,renameat2 -o " + log.string() + " " + PLAYBOOK_BINARY_DIR +
                        "/playbook run matrix/upgrade -C " + instance.string() + " --to 2" + library + " > " + log.string() + ".out 2>&1";
  INFO(command);
  int status = std::system(command.c_str());
  INFO(try_read_file(log.string() + ".out").value_or(""));
  REQUIRE(status == 0);
  std::istringstream text(read_file(log));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

/// Index of the first line from `from` on that matches, or -1.
int find(const std::vector<std::string>& lines, const std::string& pattern, int from = 0) {
  std::regex wanted(pattern);
  for (size_t i = static_cast<size_t>(from); i < lines.size(); ++i)
    if (std::regex_search(lines[i], wanted)) return static_cast<int>(i);
  return -1;
}

}  // namespace

TEST_CASE("an edit is synced before its rename, the folder after it, and the intent stands in the journal before both", "[durability]") {
  TempFolder folder, log;
  lay_out_notes(folder.path());
  std::vector<std::string> lines = trace_of_upgrade(folder.path(), log.path() / "trace");

  int rename = find(lines, R"(rename[a-z0-9]*\(.*\.env[^/"]*".*/\.env")");
  REQUIRE(rename > 0);
  std::smatch from;
  REQUIRE(std::regex_search(lines[static_cast<size_t>(rename)], from, std::regex(R"("([^"]*\.env[^"]*)\")")));
  std::string temporary = fs::path(from[1].str()).filename().string();
  int synced = find(lines, "f(data)?sync\\(.*" + std::regex_replace(temporary, std::regex(R"([.\-])"), "\\$&") + ">");
  int folder_synced = find(lines, "fsync\\([0-9]+<" + folder.path().string() + ">\\)", rename);
  int intent = find(lines, R"(f(data)?sync\(.*journal\.db-wal>)");
  CHECK(intent >= 0);
  CHECK(intent < synced);
  CHECK(synced >= 0);
  CHECK(synced < rename);
  CHECK(folder_synced > rename);
}

TEST_CASE("every file of a backup set is synced before the set gets its name, and its folder after", "[durability]") {
  TempFolder folder, log;
  lay_out_notes(folder.path());
  std::vector<std::string> lines = trace_of_upgrade(folder.path(), log.path() / "trace");

  int rename = find(lines, R"(rename[a-z0-9]*\(.*\.partial".*backups/)");
  REQUIRE(rename > 0);
  for (const char* file : {"manifest\\.json", "SHA256SUMS", "RESTORE\\.md", "\\.sqlite\\.zst"}) {
    int synced = find(lines, std::string("f(data)?sync\\(.*\\.partial/.*") + file + ">");
    INFO(file);
    CHECK(synced >= 0);
    CHECK(synced < rename);
  }
  CHECK(find(lines, "fsync\\([0-9]+<.*/backups>\\)", rename) > rename);
}
