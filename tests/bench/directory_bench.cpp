// ./dev bench: what backing up 1 GB in 4000 small and 40 large files costs, beside standard tools in the same run on the same disk. The
// content compresses to about half. Everything is in the page cache; whatever is written is synced.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <map>
#include <random>
#include <stdexcept>

#include "runtime/backup/restore.h"
#include "runtime/backup/set.h"
#include "runtime/backup/verify.h"
#include "tests/support/crash.h"
#include "tests/support/temp_folder.h"

namespace fs = std::filesystem;
using namespace playbook;
using namespace playbook::testing;

namespace {

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

class Stopwatch final : public Faults {
 public:
  void reach(std::string_view instant) override { at[std::string(instant)] = now(); }
  std::map<std::string, double> at;
};

// Half random, half repeated, in runs of 4 KiB.
void fill(const fs::path& file, size_t bytes, std::mt19937_64& random) {
  std::ofstream out(file, std::ios::binary);
  std::string noise(4096, '\0');
  for (size_t done = 0; done < bytes; done += 2 * noise.size()) {
    for (size_t i = 0; i < noise.size(); i += 8) *reinterpret_cast<std::uint64_t*>(noise.data() + i) = random();
    out.write(noise.data(), static_cast<std::streamsize>(std::min(noise.size(), bytes - done)));
    if (bytes - done > noise.size()) out << std::string(std::min(noise.size(), bytes - done - noise.size()), 'r');
  }
}

void make_tree(const fs::path& root) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 4000; ++i) {
    fs::path folder = root / ("small-" + std::to_string(i / 100));
    if (i % 100 == 0) fs::create_directories(folder);
    fill(folder / std::to_string(i), 1000 + random() % 15000, random);
  }
  for (int i = 0; i < 40; ++i) fill(root / ("large-" + std::to_string(i)), 24 << 20, random);
}

double command(const std::string& line) {
  double start = now();
  if (shell(line) != 0) throw std::runtime_error(line + " failed");
  return now() - start;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void row(const char* what, double mine, const char* beside, double theirs, const char* goal) {
  std::printf("%-34s %9.2f s    %-34s %9.2f   %6.2f   %s\n", what, mine, beside, theirs, mine / theirs, goal);
}

}  // namespace

int main() {
  TempFolder folder;
  fs::path root = folder.path() / "tree", backups = folder.path() / "sets", tar = folder.path() / "tree.tar.zst";
  fs::create_directories(root);
  make_tree(root);
  shell("sync -f '" + root.string() + "'; cat '" + root.string() + "'/*/* '" + root.string() + "'/large* > /dev/null");
  SourceRegistry sources;
  std::vector<double> create, whole, verify, archive, sums;
  for (int round = 0; round < 3; ++round) {
    archive.push_back(
        command("tar -C '" + root.string() + "' -cf - . | zstd -3 -T0 -q -f -o '" + tar.string() + "' && sync '" + tar.string() + "'"));
    Stopwatch watch;
    Work work(folder.path() / "scratch", nullptr, &watch);
    std::string name = "set-" + std::to_string(round);
    double start = now();
    BackupSet set = create_set(
        {backups, name, Manifest{}, sources.check(Json::array({{{"type", "directory"}, {"path", root.string()}}}), root)}, sources, work);
    whole.push_back(now() - start), create.push_back(watch.at["backup.part"] - start);
    sums.push_back(command("find '" + root.string() + "' -type f -print0 | xargs -0 -n 64 -P \"$(nproc)\" sha256sum >/dev/null"));
    start = now();
    if (!verify_set(set.path(), set.digest(), sources, work).empty()) throw std::runtime_error("the set is not good");
    verify.push_back(now() - start);
    if (round > 0) fs::remove_all(set.path());
  }
  row("a tree of 1 GB, written and synced", median(create), "tar | zstd -3 -T0, then sync", median(archive), "at most 1.15");
  row("the same, read back as well", median(whole), "tar | zstd -3 -T0, then sync", median(archive), "");
  row("verify, decoded file by file", median(verify), "sha256sum of the tree, all cores", median(sums), "at most 1.11");
  if (shell("command -v restic >/dev/null") == 0)
    row("a tree of 1 GB, written and synced", median(create), "restic backup, new repository",
        command("export RESTIC_PASSWORD=x RESTIC_REPOSITORY='" + (folder.path() / "restic").string() +
                "'; restic init -q && restic backup -q '" + root.string() + "' && sync -f '" + root.string() + "'"),
        "at most 0.33");
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  std::printf("%-34s %9.1f MiB %-34s %9d   %6.2f   %s\n", "memory of it all, at most", static_cast<double>(usage.ru_maxrss) / 1024, "goal",
              100, static_cast<double>(usage.ru_maxrss) / 1024 / 100, "at most 100 MB");
}
